// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "../interfaces/IPointsLedger.sol";
import {Account, Accounts} from "./Accounts.sol";
import {addressAt, uintAt} from "./Body.sol";
import {DEBTS_MAX, DEBT_INDEX_MAX, LOT_INDEX_MAX, OPEN_LOTS_MAX, POINTS_MAX, SPEND_MAX} from "./Bounds.sol";
import {CampaignRules} from "./CampaignRules.sol";
import {Ledger} from "./LedgerStorage.sol";
import {Lot, newLot} from "./Lot.sol";
import {MinorUnits} from "./MinorUnits.sol";
import {PlainAccounts} from "./PlainAccounts.sol";
import {Positions} from "./Positions.sol";
import {Recoveries} from "./Recoveries.sol";
import {Spend, SPEND_CAPTURED, SPEND_REDEEMED, spendAt, writeSpend} from "./Spend.sol";
import {Terms} from "./Terms.sol";

/// @title Returns of purchases and refunds of redemptions
/// @notice Each function checks first and writes last; it returns the reason of a rejection, or 0.
/// @dev Its own contract, entered by delegatecall. Bodies are those of docs/protocol.md.
library Reversals {
    using Accounts for Ledger;
    using Accounts for Account;

    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @dev Body: member 20, lot 3, tag 2, spend 5.
    /// @param campaignsFirstDay first of the days that campaigns of the partner span.
    /// @param campaignsLastDay last of them.
    /// @return reason of a rejection, or 0.
    /// @return recovered points taken back of the purchase's own, for the core to count.
    /// @return creditMicro what their issuer, who is the operation's partner, is credited for them.
    function returnPurchase(
        Ledger storage $,
        uint256 operation,
        bytes calldata body,
        uint256 today,
        uint256 campaignsFirstDay,
        uint256 campaignsLastDay
    ) external returns (bytes32 reason, uint256 recovered, uint256 creditMicro) {
        if (body.length != 30) return ("malformed_operation", 0, 0);
        Return memory r;
        (r.member, r.index, r.spend, r.today) = (addressAt(body, 0), uintAt(body, 20, 3), uintAt(body, 25, 5), today);
        if (r.spend == 0 || r.spend > SPEND_MAX) return ("invalid_amount", 0, 0);
        uint256 head = $.heads[r.member];
        uint256 tag = uintAt(body, 23, 2);
        if (tag == 0 || r.index >= (head >> 160) & 0x1fffff) return ("unknown_operation", 0, 0);
        Lot lot = PlainAccounts.lotAtHead($, r.member, head, r.index);
        if (lot.tag() != tag) return ("unknown_operation", 0, 0);
        Terms terms = $.terms[lot.terms()];
        if (terms.issuer() != operation >> 48) return ("not_your_operation", 0, 0);
        // A purchase's lot lives so many days longer than its day.
        unchecked {
            r.day = lot.day() - $.program.lotValidityDays;
            if (today > r.day + $.program.returnWindowDays) return ("return_too_late", 0, 0);
        }
        uint256 kept = lot.kept();
        if (r.spend > kept) return ("return_exceeds_purchase", 0, 0);
        r.isWhole = r.spend == kept;
        r.isInCampaign = r.day >= campaignsFirstDay && r.day <= campaignsLastDay;
        r.points = MinorUnits.pointsForSpendFloor(kept, terms.earnRate())
            - MinorUnits.pointsForSpendFloor(kept - r.spend, terms.earnRate());
        lot = lot.withKept(kept - r.spend);
        if (PlainAccounts.takeBack($, r.member, head, r.index, lot, r.points, today)) {
            recovered = r.points;
            if (recovered > 0) emit Transfer(r.member, address(0), recovered);
            emit ILedgerEvents.ReturnSettled(uint64(operation), r.member, r.index, r.spend, r.points, recovered);
            if (r.isInCampaign) _undo($, operation >> 48, r);
        } else {
            (reason, recovered) = _takeBack($, operation, r);
        }
        creditMicro = recovered * terms.issuePrice();
    }

    /// @dev A return on its way.
    struct Return {
        address member;
        uint256 index;
        uint256 spend;
        uint256 points;
        /// @dev Of the purchase.
        uint256 day;
        uint256 today;
        bool isWhole;
        bool isInCampaign;
    }

    /// @dev Of any account: one that has to be touched, has points held, or has not enough.
    function _takeBack(Ledger storage $, uint256 operation, Return memory r)
        private
        returns (bytes32 reason, uint256 recovered)
    {
        Account memory a = $.load(r.member);
        if (a.debtNext - a.debtFirst > DEBTS_MAX || a.debtNext > DEBT_INDEX_MAX) return ("account_full", 0);
        if (a.isDue(r.today)) Recoveries.touchAccount($, a, r.today);
        Lot lot = $.lotAt(a, r.index);
        recovered = Recoveries.recover($, a, r.index, lot.withKept(lot.kept() - r.spend), r.points);
        emit ILedgerEvents.ReturnSettled(uint64(operation), r.member, r.index, r.spend, r.points, recovered);
        if (r.isInCampaign) CampaignRules.undo($, a, operation >> 48, _purchaseOf(r));
        if (a.debt > 0) Recoveries.repayAccount($, a);
        $.store(a);
    }

    function _undo(Ledger storage $, uint256 partner, Return memory r) private {
        // Loaded only when there is something to claw back.
        Account memory a;
        CampaignRules.undo($, a, partner, _purchaseOf(r));
        if (a.member == address(0)) return;
        if (a.debt > 0) Recoveries.repayAccount($, a);
        $.store(a);
    }

    function _purchaseOf(Return memory r) private pure returns (CampaignRules.Purchase memory) {
        return
            CampaignRules.Purchase({member: r.member, day: r.day, spend: r.spend, today: r.today, isWhole: r.isWhole});
    }

    /// @dev Body: member 20, nonce 3, tag 2, points 4.
    function refund(Ledger storage $, uint256 operation, bytes calldata body, uint256 today)
        external
        returns (bytes32 reason)
    {
        if (body.length != 29) return "malformed_operation";
        uint256 points = uintAt(body, 25, 4);
        if (points == 0 || points > POINTS_MAX) return "invalid_amount";
        address member = addressAt(body, 0);
        uint256 nonce = uintAt(body, 20, 3);
        Spend spend = spendAt($, member, nonce);
        if (!_isRefundable(spend, uintAt(body, 23, 2))) return "unknown_operation";
        Terms terms = $.terms[spend.terms()];
        uint256 partner = operation >> 48;
        if (terms.issuer() != partner) return "not_your_operation";
        if (today > spend.day() + $.program.returnWindowDays) return "return_too_late";
        if (points > spend.points()) return "refund_exceeds_redemption";
        Account memory a = $.load(member);
        if (a.openLots() >= OPEN_LOTS_MAX || a.next >= LOT_INDEX_MAX) return "account_full";

        if (a.isDue(today)) Recoveries.touchAccount($, a, today);
        writeSpend($, member, nonce, spend.withPoints(spend.points() - points));
        $.totals.burned -= uint64(points);
        Positions.addReimbursed($, partner, -int256(points * terms.redeemPrice()));
        _issueRefund($, a, operation, points, nonce, spend.day() + $.program.lotValidityDays);
        if (a.debt > 0) Recoveries.repayAccount($, a);
        $.store(a);
    }

    function _isRefundable(Spend spend, uint256 tag) private pure returns (bool) {
        if (tag == 0) return false;
        uint256 state = spend.state();
        return (state == SPEND_REDEEMED && spend.tag() == tag) || (state == SPEND_CAPTURED && spend.captureTag() == tag);
    }

    function _issueRefund(
        Ledger storage $,
        Account memory a,
        uint256 operation,
        uint256 points,
        uint256 nonce,
        uint256 lastDay
    ) private {
        uint256 terms = $.partners[operation >> 48].refundTerms;
        uint256 lot = $.issue(a, newLot(points, 0, terms, lastDay, 0));
        emit Transfer(address(0), a.member, points);
        emit ILedgerEvents.RefundSettled(uint64(operation), a.member, points, nonce, lot, lastDay, terms);
    }
}
