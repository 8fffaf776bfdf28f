// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "./interfaces/IPointsLedger.sol";
import {Account, Accounts} from "./libraries/Accounts.sol";
import {addressAt, uintAt} from "./libraries/Body.sol";
import {DAY_OF_SETTLEMENT, LOT_INDEX_MAX, OPEN_LOTS_MAX, POINTS_MAX, SPEND_MAX} from "./libraries/Bounds.sol";
import {CampaignRules} from "./libraries/CampaignRules.sol";
import {LedgerState} from "./libraries/LedgerStorage.sol";
import {Limits} from "./libraries/Limits.sol";
import {Lot, newLot} from "./libraries/Lot.sol";
import {MinorUnits} from "./libraries/MinorUnits.sol";
import {Positions} from "./libraries/Positions.sol";
import {Recoveries} from "./libraries/Recoveries.sol";
import {Terms} from "./libraries/Terms.sol";

/// @title Purchases and grants
/// @notice The operations that issue points, a part of the core: most operations are purchases, and a call to a library would cost each
/// of them more than all its arithmetic. Each checks first and writes last; it returns the reason of a rejection, or 0.
abstract contract Issuing is LedgerState, ILedgerEvents {
    using Accounts for Account;

    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @dev What the operations of one submission share.
    struct Context {
        uint256 submitter;
        uint256 kindsAllowed;
        uint256 pausedKinds;
        uint256 today;
        uint256 lotValidityDays;
        uint256 latePostingDays;
        uint256 termsId;
        Terms terms;
        bool isSuspended;
        bool hasLimits;
        bool hasCampaigns;
        /// @dev The word of used-up ids that is being worked on, and which it is.
        uint256 usedWord;
        uint256 usedIndex;
        /// @dev What plain purchases issued and have not been counted yet.
        uint256 issuedPoints;
        uint256 baseMicro;
    }

    /// @dev Counts what plain purchases issued, in totals and position.
    function _countPlain(Context memory context) internal {
        if (context.issuedPoints == 0) return;
        ledger.totals.issued += uint64(context.issuedPoints);
        Positions.addBase(ledger, context.submitter >> 16, context.baseMicro);
        context.issuedPoints = 0;
        context.baseMicro = 0;
    }

    /// @dev Body: member 20, spend 5, day 3.
    function _purchase(Context memory context, uint256 operation, bytes calldata body)
        internal
        returns (bytes32 reason)
    {
        if (body.length != 28) return "malformed_operation";
        if (context.isSuspended) return "partner_suspended";
        address member = addressAt(body, 0);
        uint256 spend = uintAt(body, 20, 5);
        uint256 points = MinorUnits.pointsForSpendFloor(spend, context.terms.earnRate());
        if (spend == 0 || spend > SPEND_MAX || points > POINTS_MAX || member == address(0)) return "invalid_amount";
        uint256 day = uintAt(body, 25, 3);
        if (day == DAY_OF_SETTLEMENT) day = context.today;
        if (day > context.today) return "invalid_day";
        if (context.today - day > context.latePostingDays) return "posted_too_late";

        uint256 lastDay = day + context.lotValidityDays;
        // 15 bits of the sequence number; 0 would name nothing.
        Lot lot = newLot(points, spend, context.termsId, lastDay, uint32(operation) % 32_767 + 1);
        uint256 index = context.hasLimits ? Accounts.NOT_PLAIN : Accounts.issuePlain(ledger, member, lot, context.today);
        bool owes = false;
        if (index == Accounts.NOT_PLAIN) {
            (reason, index, owes) = _issue(context, operation, member, lot);
            if (reason != 0) return reason;
        } else if (points > 0) {
            // Sums of at most 256 operations, 32 bits and 62 bits each.
            unchecked {
                context.issuedPoints += points;
                context.baseMicro += points * context.terms.issuePrice();
            }
            emit Transfer(address(0), member, points);
        }
        emit PurchaseSettled(uint64(operation), member, spend, points, index, lastDay, context.termsId);
        if (context.hasCampaigns) {
            CampaignRules.record(ledger, operation >> 48, member, day, spend, context.today, owes);
        } else if (owes) {
            Recoveries.repay(ledger, member);
        }
    }

    /// @dev Issues a lot to an account that may have to be touched, may owe, or may be full, within the partner's limits.
    function _issue(Context memory context, uint256 operation, address member, Lot lot)
        private
        returns (bytes32 reason, uint256 index, bool owes)
    {
        Account memory a = Accounts.load(ledger, member);
        reason = _checkIssue(context, a, operation, lot.left());
        if (reason != 0) return (reason, 0, false);
        if (a.isDue(context.today)) {
            Recoveries.touch(ledger, member, context.today);
            a = Accounts.load(ledger, member);
        }
        index = Accounts.issue(ledger, a, lot);
        Accounts.store(ledger, a);
        owes = a.debt > 0;
        if (context.hasLimits) Limits.recordIssue(ledger, operation, member, lot.left(), context.today);
        if (lot.left() == 0) return (0, index, owes);
        ledger.totals.issued += uint64(lot.left());
        Positions.addBase(ledger, operation >> 48, lot.left() * context.terms.issuePrice());
        emit Transfer(address(0), member, lot.left());
    }

    /// @dev Body: member 20, points 4.
    function _grant(Context memory context, uint256 operation, bytes calldata body) internal returns (bytes32 reason) {
        if (body.length != 24) return "malformed_operation";
        if (context.isSuspended) return "partner_suspended";
        address member = addressAt(body, 0);
        uint256 points = uintAt(body, 20, 4);
        if (points == 0 || points > POINTS_MAX || member == address(0)) return "invalid_amount";

        uint256 lastDay = context.today + context.lotValidityDays;
        uint256 index;
        bool owes;
        (reason, index, owes) = _issue(context, operation, member, newLot(points, 0, context.termsId, lastDay, 0));
        if (reason != 0) return reason;
        emit GrantSettled(uint64(operation), member, points, index, lastDay, context.termsId);
        if (owes) Recoveries.repay(ledger, member);
    }

    function _checkIssue(Context memory context, Account memory a, uint256 operation, uint256 points)
        private
        view
        returns (bytes32 reason)
    {
        if (context.hasLimits) {
            uint256 chargeMicro = points * context.terms.issuePrice();
            reason = Limits.checkIssue(ledger, operation, a.member, points, chargeMicro, context.today);
            if (reason != 0) return reason;
        }
        return a.openLots() >= OPEN_LOTS_MAX || a.next >= LOT_INDEX_MAX ? bytes32("account_full") : bytes32(0);
    }
}
