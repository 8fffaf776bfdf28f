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
import {Standing} from "./libraries/Standing.sol";
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
        /// @dev Those of them that are not paused.
        uint256 kindsOpen;
        uint256 lotValidityDays;
        uint256 latePostingDays;
        Terms terms;
        Standing standing;
        /// @dev The days that campaigns of the partner span.
        uint256 campaignsFirstDay;
        uint256 campaignsLastDay;
        /// @dev The word of used-up ids that is being worked on, and which it is.
        uint256 usedWord;
        uint256 usedIndex;
        /// @dev What plain purchases issued, burns burned and returns cancelled, and has not been counted yet.
        uint256 issuedPoints;
        uint256 baseMicro;
        uint256 burnedPoints;
        uint256 reimbursedMicro;
        uint256 cancelledPoints;
        uint256 creditMicro;
    }

    /// @dev Counts what operations left to count, in totals and the partner's position: once for many of them.
    function _count(Context memory context) internal {
        uint256 partner = context.submitter >> 16;
        if (context.issuedPoints > 0) {
            ledger.totals.issued += uint64(context.issuedPoints);
            Positions.addBase(ledger, partner, context.baseMicro);
            (context.issuedPoints, context.baseMicro) = (0, 0);
        }
        if (context.burnedPoints > 0) {
            ledger.totals.burned += uint64(context.burnedPoints);
            Positions.addReimbursed(ledger, partner, int256(context.reimbursedMicro));
            (context.burnedPoints, context.reimbursedMicro) = (0, 0);
        }
        if (context.cancelledPoints > 0) {
            ledger.totals.cancelled += uint64(context.cancelledPoints);
            Positions.addCredit(ledger, partner, int256(context.creditMicro));
            (context.cancelledPoints, context.creditMicro) = (0, 0);
        }
    }

    /// @dev Body: member 20, spend 5, day 3.
    function _purchase(Context memory context, uint256 operation, bytes calldata body)
        internal
        returns (bytes32 reason)
    {
        if (body.length != 28) return "malformed_operation";
        Standing memory standing = context.standing;
        if (standing.isSuspended) return "partner_suspended";
        address member = addressAt(body, 0);
        uint256 spend = uintAt(body, 20, 8);
        uint256 day = spend & 0xffffff;
        spend >>= 24;
        uint256 points = MinorUnits.pointsForSpendFloor(spend, context.terms.earnRate());
        bool isValid;
        (uint256 spendMax, uint256 pointsMax) = (SPEND_MAX, POINTS_MAX);
        // All at once: a branch for each would cost as much as the rest of the checks.
        assembly ("memory-safe") {
            isValid := and(lt(sub(spend, 1), spendMax), and(iszero(gt(points, pointsMax)), iszero(iszero(member))))
        }
        if (!isValid) return "invalid_amount";
        if (day == DAY_OF_SETTLEMENT) day = standing.today;
        uint256 lastDay;
        // A day ahead wraps to more than any number of days.
        unchecked {
            if (standing.today - day > context.latePostingDays) {
                return day > standing.today ? bytes32("invalid_day") : bytes32("posted_too_late");
            }
            lastDay = day + context.lotValidityDays;
        }
        // 15 bits of the sequence number; 0 would name nothing.
        Lot lot = newLot(points, spend, standing.termsId, lastDay, uint32(operation) % 32_767 + 1);
        uint256 index =
            standing.hasLimits ? Accounts.NOT_PLAIN : Accounts.issuePlain(ledger, member, lot, standing.today);
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
        emit PurchaseSettled(uint64(operation), member, spend, points, index, lastDay, standing.termsId);
        if (day >= context.campaignsFirstDay && day <= context.campaignsLastDay) {
            CampaignRules.record(ledger, operation >> 48, member, day, spend, standing.today, owes);
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
        if (a.isDue(context.standing.today)) {
            Recoveries.touch(ledger, member, context.standing.today);
            a = Accounts.load(ledger, member);
        }
        index = Accounts.issue(ledger, a, lot);
        Accounts.store(ledger, a);
        owes = a.debt > 0;
        if (context.standing.hasLimits) {
            Limits.recordIssue(ledger, operation, member, lot.left(), context.standing.today);
        }
        if (lot.left() == 0) return (0, index, owes);
        ledger.totals.issued += uint64(lot.left());
        Positions.addBase(ledger, operation >> 48, lot.left() * context.terms.issuePrice());
        emit Transfer(address(0), member, lot.left());
    }

    /// @dev Body: member 20, points 4.
    function _grant(Context memory context, uint256 operation, bytes calldata body) internal returns (bytes32 reason) {
        if (body.length != 24) return "malformed_operation";
        Standing memory standing = context.standing;
        if (standing.isSuspended) return "partner_suspended";
        address member = addressAt(body, 0);
        uint256 points = uintAt(body, 20, 4);
        if (points == 0 || points > POINTS_MAX || member == address(0)) return "invalid_amount";

        uint256 lastDay = standing.today + context.lotValidityDays;
        uint256 index;
        bool owes;
        (reason, index, owes) = _issue(context, operation, member, newLot(points, 0, standing.termsId, lastDay, 0));
        if (reason != 0) return reason;
        emit GrantSettled(uint64(operation), member, points, index, lastDay, standing.termsId);
        if (owes) Recoveries.repay(ledger, member);
    }

    function _checkIssue(Context memory context, Account memory a, uint256 operation, uint256 points)
        private
        view
        returns (bytes32 reason)
    {
        if (context.standing.hasLimits) {
            uint256 chargeMicro = points * context.terms.issuePrice();
            reason = Limits.checkIssue(ledger, operation, a.member, points, chargeMicro, context.standing.today);
            if (reason != 0) return reason;
        }
        return a.openLots() >= OPEN_LOTS_MAX || a.next >= LOT_INDEX_MAX ? bytes32("account_full") : bytes32(0);
    }
}
