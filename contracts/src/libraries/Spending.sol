// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "../interfaces/IPointsLedger.sol";
import {Account, Accounts, Piece} from "./Accounts.sol";
import {Authorisations, KeyWord} from "./Authorisations.sol";
import {addressAt, tailOf, uintAt} from "./Body.sol";
import {DAY_MAX, LOT_INDEX_MAX, OPEN_LOTS_MAX, PENDING_HOLDS_MAX, POINTS_MAX} from "./Bounds.sol";
import {DayList} from "./DayList.sol";
import {Ledger} from "./LedgerStorage.sol";
import {Limits} from "./Limits.sol";
import {newLot} from "./Lot.sol";
import {PlainAccounts} from "./PlainAccounts.sol";
import {Preview} from "./Preview.sol";
import {Recoveries} from "./Recoveries.sol";
import {
    Spend,
    SPEND_CAPTURED,
    SPEND_HELD,
    SPEND_REDEEMED,
    SPEND_VOIDED,
    newSpend,
    spendAt,
    spendTag,
    writeSpend
} from "./Spend.sol";
import {Standing} from "./Standing.sol";

/// @title Redemptions, holds, captures, voids and transfers
/// @notice Each function checks first and writes last; it returns the reason of a rejection, or 0. What is burned, the core counts.
/// @dev Its own contract, entered by delegatecall. `operation` is submitter * 2^32 + sequence. Bodies are those of docs/protocol.md.
library Spending {
    using Accounts for Ledger;
    using Accounts for Account;
    using DayList for mapping(uint256 => uint256);

    event Transfer(address indexed from, address indexed to, uint256 value);

    bytes32 private constant REDEEM_TYPEHASH =
        keccak256("Redeem(address member,uint16 partner,uint32 maxPoints,uint24 nonce,uint48 deadline)");
    bytes32 private constant HOLD_TYPEHASH = keccak256(
        "Hold(address member,uint16 partner,uint32 maxPoints,uint24 expiresDay,uint24 nonce,uint48 deadline)"
    );
    bytes32 private constant TRANSFER_TYPEHASH =
        keccak256("Transfer(address member,address to,uint32 maxPoints,uint24 nonce,uint48 deadline)");

    /// @dev Body: member 20, points 4, authorisation.
    function redeem(Ledger storage $, uint256 operation, bytes calldata body, Standing calldata standing)
        external
        returns (bytes32 reason)
    {
        if (body.length < 24 || !Authorisations.isWellFormed(tailOf(body, 24))) return "malformed_operation";
        if (standing.isSuspended) return "partner_suspended";
        address member = addressAt(body, 0);
        uint256 points = uintAt(body, 20, 4);
        if (points == 0 || points > POINTS_MAX) return "invalid_amount";
        uint256 today = standing.today;
        KeyWord word;
        (reason, word) = Authorisations.checkSpend(
            $, member, _redeemHash(member, operation >> 48, tailOf(body, 24)), tailOf(body, 24), points, today
        );
        if (reason == 0 && standing.hasLimits) reason = Limits.checkSpend($, operation, points, today);
        if (reason != 0) return reason;
        if (!PlainAccounts.take($, member, points, today) && !_take($, member, points, today)) {
            return "insufficient_points";
        }

        uint256 terms = standing.termsId;
        uint256 nonce = uintAt(body, 25, 3);
        Authorisations.use($, member, word, tailOf(body, 24), points, today);
        if (standing.hasLimits) Limits.recordSpend($, operation, points, today);
        writeSpend($, member, nonce, newSpend(points, today, terms, SPEND_REDEEMED, spendTag(uint32(operation)), 0));
        emit Transfer(member, address(0), points);
        emit ILedgerEvents.RedemptionSettled(uint64(operation), member, points, nonce, terms);
    }

    /// @dev Touches an account and takes points from it, if it has so many; else it writes nothing.
    function _take(Ledger storage $, address member, uint256 points, uint256 today) private returns (bool isEnough) {
        Account memory a = $.load(member);
        if (points > Preview.available($, a, today)) return false;
        if (a.isDue(today)) Recoveries.touchAccount($, a, today);
        $.consume(a, points, DAY_MAX + 1, 0);
        $.store(a);
        return true;
    }

    function _redeemHash(address member, uint256 partner, bytes calldata data) private pure returns (bytes32 hash) {
        bytes32 typehash = REDEEM_TYPEHASH;
        (uint256 maxPoints, uint256 nonce, uint256 deadline) =
            (uintAt(data, 10, 4), uintAt(data, 1, 3), uintAt(data, 4, 6));
        // As abi.encode would lay it out, but beyond the free pointer, which stays.
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typehash)
            mstore(add(start, 32), member)
            mstore(add(start, 64), partner)
            mstore(add(start, 96), maxPoints)
            mstore(add(start, 128), nonce)
            mstore(add(start, 160), deadline)
            hash := keccak256(start, 192)
        }
    }

    /// @dev Body: member 20, points 4, last day 3, authorisation.
    function hold(Ledger storage $, uint256 operation, bytes calldata body, Standing calldata standing)
        external
        returns (bytes32 reason)
    {
        if (body.length < 27 || !Authorisations.isWellFormed(tailOf(body, 27))) return "malformed_operation";
        if (standing.isSuspended) return "partner_suspended";
        address member = addressAt(body, 0);
        uint256 points = uintAt(body, 20, 4);
        uint256 lastDay = uintAt(body, 24, 3);
        uint256 today = standing.today;
        if (points == 0 || points > POINTS_MAX) return "invalid_amount";
        if (lastDay < today) return "hold_expired";
        KeyWord word;
        (reason, word) = Authorisations.checkSpend(
            $, member, _holdHash(member, operation >> 48, body), tailOf(body, 27), points, today
        );
        if (reason == 0 && standing.hasLimits) reason = Limits.checkSpend($, operation, points, today);
        if (reason != 0) return reason;
        Account memory a = $.load(member);
        if (a.holdCount >= PENDING_HOLDS_MAX) return "account_full";
        if (points > Preview.available($, a, today)) return "insufficient_points";

        if (a.isDue(today)) Recoveries.touchAccount($, a, today);
        Authorisations.use($, member, word, tailOf(body, 27), points, today);
        if (standing.hasLimits) Limits.recordSpend($, operation, points, today);
        // No day after DAY_MAX can come, so a hold beyond it and one at it are the same.
        if (lastDay >= DAY_MAX) lastDay = DAY_MAX - 1;
        uint256 nonce = uintAt(body, 28, 3);
        uint256 tag = spendTag(uint32(operation));
        writeSpend($, member, nonce, newSpend(points, lastDay, standing.termsId, SPEND_HELD, tag, 0));
        _place($, a, points, lastDay, nonce);
        $.store(a);
        emit ILedgerEvents.HoldPlaced(uint64(operation), member, points, nonce, lastDay);
    }

    function _place(Ledger storage $, Account memory a, uint256 points, uint256 lastDay, uint256 nonce) private {
        $.pendingHolds[a.member].insert(a.holdCount, lastDay, nonce);
        ++a.holdCount;
        a.held += points;
        if (lastDay < a.soonestHold) a.soonestHold = lastDay;
    }

    function _holdHash(address member, uint256 partner, bytes calldata body) private pure returns (bytes32) {
        bytes calldata data = tailOf(body, 27);
        return keccak256(
            abi.encode(
                HOLD_TYPEHASH,
                member,
                partner,
                uintAt(data, 10, 4),
                uintAt(body, 24, 3),
                uintAt(data, 1, 3),
                uintAt(data, 4, 6)
            )
        );
    }

    /// @dev Body: member 20, nonce 3, tag 2, points 4.
    function capture(Ledger storage $, uint256 operation, bytes calldata body, Standing calldata standing)
        external
        returns (bytes32 reason)
    {
        if (body.length != 29) return "malformed_operation";
        uint256 today = standing.today;
        address member = addressAt(body, 0);
        uint256 nonce = uintAt(body, 20, 3);
        uint256 points = uintAt(body, 25, 4);
        if (points == 0 || points > POINTS_MAX) return "invalid_amount";
        Spend held = spendAt($, member, nonce);
        reason = _checkHold($, held, operation >> 48, uintAt(body, 23, 2), today);
        if (reason != 0) return reason;
        if (points > held.points()) return "capture_exceeds_hold";

        Account memory a = $.load(member);
        if (a.isDue(today)) Recoveries.touchAccount($, a, today);
        _release($, a, nonce, held.points());
        $.consume(a, points, DAY_MAX + 1, 0);
        uint256 terms = standing.termsId;
        writeSpend(
            $, member, nonce, newSpend(points, today, terms, SPEND_CAPTURED, held.tag(), spendTag(uint32(operation)))
        );
        emit Transfer(member, address(0), points);
        emit ILedgerEvents.HoldCaptured(uint64(operation), member, points, nonce, held.points() - points, terms);
        if (a.isDue(today) || a.debt > 0) Recoveries.touchAccount($, a, today);
        $.store(a);
    }

    /// @dev Body: member 20, nonce 3, tag 2.
    function void(Ledger storage $, uint256 operation, bytes calldata body, uint256 today)
        external
        returns (bytes32 reason)
    {
        if (body.length != 25) return "malformed_operation";
        address member = addressAt(body, 0);
        uint256 nonce = uintAt(body, 20, 3);
        Spend held = spendAt($, member, nonce);
        reason = _checkHold($, held, operation >> 48, uintAt(body, 23, 2), today);
        if (reason != 0) return reason;

        Account memory a = $.load(member);
        if (a.isDue(today)) Recoveries.touchAccount($, a, today);
        _release($, a, nonce, held.points());
        emit ILedgerEvents.HoldVoided(uint64(operation), member, nonce, held.points());
        if (a.isDue(today) || a.debt > 0) Recoveries.touchAccount($, a, today);
        $.store(a);
        writeSpend($, member, nonce, held.withState(SPEND_VOIDED));
    }

    function _checkHold(Ledger storage $, Spend held, uint256 partner, uint256 tag, uint256 today)
        private
        view
        returns (bytes32)
    {
        uint256 state = held.state();
        if (tag == 0 || held.tag() != tag) return "unknown_hold";
        if (state != SPEND_HELD && state != SPEND_CAPTURED && state != SPEND_VOIDED) return "unknown_hold";
        if ($.terms[held.terms()].issuer() != partner) return "not_your_operation";
        if (state == SPEND_CAPTURED) return "hold_captured";
        if (state == SPEND_VOIDED) return "hold_voided";
        return held.day() < today ? bytes32("hold_expired") : bytes32(0);
    }

    /// @dev Takes a pending hold off the account.
    function _release(Ledger storage $, Account memory a, uint256 nonce, uint256 points) private {
        mapping(uint256 => uint256) storage pending = $.pendingHolds[a.member];
        for (uint256 i = 0; i < a.holdCount; ++i) {
            (, uint256 reference_) = pending.entryAt(i);
            if (reference_ != nonce) continue;
            pending.remove(a.holdCount, i, 1);
            break;
        }
        --a.holdCount;
        a.held -= points;
        if (a.holdCount == 0) a.soonestHold = DAY_MAX;
        else (a.soonestHold,) = pending.entryAt(0);
    }

    /// @dev Body: member 20, to 20, points 4, authorisation.
    function transfer(Ledger storage $, uint256 operation, bytes calldata body, uint256 today)
        external
        returns (bytes32 reason)
    {
        if (body.length < 44 || !Authorisations.isWellFormed(tailOf(body, 44))) return "malformed_operation";
        address member = addressAt(body, 0);
        address to = addressAt(body, 20);
        uint256 points = uintAt(body, 40, 4);
        if (points == 0 || points > POINTS_MAX || to == address(0)) return "invalid_amount";
        if (member == to) return "same_member";
        KeyWord word;
        (reason, word) = Authorisations.checkSpend(
            $, member, _transferHash(member, to, tailOf(body, 44)), tailOf(body, 44), points, today
        );
        if (reason != 0) return reason;
        Account memory a = $.load(member);
        Account memory b = $.load(to);
        uint256 available = Preview.available($, a, today);
        if (a.openLots() + b.openLots() > OPEN_LOTS_MAX || b.next + a.openLots() > LOT_INDEX_MAX) {
            return "account_full";
        }
        if (points > available) return "insufficient_points";

        if (a.isDue(today)) Recoveries.touchAccount($, a, today);
        if (b.isDue(today)) Recoveries.touchAccount($, b, today);
        Authorisations.use($, member, word, tailOf(body, 44), points, today);
        emit Transfer(member, to, points);
        emit ILedgerEvents.TransferSettled(uint64(operation), member, to, points, uintAt(body, 45, 3));
        _move($, a, b, points);
        $.store(a);
        Recoveries.repayAccount($, b);
        $.store(b);
    }

    function _move(Ledger storage $, Account memory a, Account memory b, uint256 points) private {
        Piece[] memory pieces = $.collect(a, points);
        for (uint256 i = 0; i < pieces.length; ++i) {
            Piece memory piece = pieces[i];
            uint256 lot = $.issue(b, newLot(piece.points, 0, piece.terms, piece.day, 0));
            emit ILedgerEvents.LotReceived(b.member, lot, piece.points, piece.day, piece.terms);
        }
    }

    function _transferHash(address member, address to, bytes calldata data) private pure returns (bytes32) {
        return keccak256(
            abi.encode(TRANSFER_TYPEHASH, member, to, uintAt(data, 10, 4), uintAt(data, 1, 3), uintAt(data, 4, 6))
        );
    }
}
