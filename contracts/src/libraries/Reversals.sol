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
import {Positions} from "./Positions.sol";
import {Recoveries} from "./Recoveries.sol";
import {Spend, SPEND_CAPTURED, SPEND_REDEEMED} from "./Spend.sol";
import {Spending} from "./Spending.sol";
import {Terms} from "./Terms.sol";

/// @title Returns of purchases and refunds of redemptions
/// @notice Each function checks first and writes last; it returns the reason of a rejection, or 0.
/// @dev Its own contract, entered by delegatecall. Bodies are those of docs/protocol.md.
library Reversals {
    using Accounts for Ledger;
    using Accounts for Account;

    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @dev Body: member 20, lot 3, tag 2, spend 5.
    function returnPurchase(Ledger storage $, uint256 operation, bytes calldata body, uint256 today)
        external
        returns (bytes32 reason)
    {
        if (body.length != 30) return "malformed_operation";
        uint256 spend = uintAt(body, 25, 5);
        if (spend == 0 || spend > SPEND_MAX) return "invalid_amount";
        Account memory a = $.load(addressAt(body, 0));
        uint256 index = uintAt(body, 20, 3);
        uint256 tag = uintAt(body, 23, 2);
        if (tag == 0 || index >= a.next) return "unknown_operation";
        Lot lot = $.lotAt(a, index);
        if (lot.tag() != tag) return "unknown_operation";
        Terms terms = $.terms[lot.terms()];
        if (terms.issuer() != operation >> 48) return "not_your_operation";
        uint256 purchaseDay = lot.day() - $.program.lotValidityDays;
        if (today > purchaseDay + $.program.returnWindowDays) return "return_too_late";
        if (spend > lot.kept()) return "return_exceeds_purchase";
        if (a.debtNext - a.debtFirst > DEBTS_MAX || a.debtNext > DEBT_INDEX_MAX) return "account_full";

        if (a.isDue(today)) {
            Recoveries.touchAccount($, a, today);
            lot = $.lotAt(a, index);
        }
        _takeBack($, a, operation, index, lot, spend, terms.earnRate());
        if ($.partners[operation >> 48].campaignCount > 0) {
            CampaignRules.undo(
                $,
                a,
                operation >> 48,
                CampaignRules.Purchase({
                    member: a.member, day: purchaseDay, spend: spend, today: today, isWhole: lot.kept() == spend
                })
            );
        }
        if (a.debt > 0) Recoveries.repayAccount($, a);
        $.store(a);
    }

    function _takeBack(
        Ledger storage $,
        Account memory a,
        uint256 operation,
        uint256 index,
        Lot lot,
        uint256 spend,
        uint256 earnRate
    ) private {
        uint256 kept = lot.kept();
        uint256 points =
            MinorUnits.pointsForSpendFloor(kept, earnRate) - MinorUnits.pointsForSpendFloor(kept - spend, earnRate);
        lot = lot.withKept(kept - spend);
        uint256 recovered = Recoveries.takeBack($, a, index, lot, points);
        emit ILedgerEvents.ReturnSettled(uint64(operation), a.member, index, spend, points, recovered);
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
        Spend spend = Spending.spendAt($, member, nonce);
        if (!_isRefundable(spend, uintAt(body, 23, 2))) return "unknown_operation";
        Terms terms = $.terms[spend.terms()];
        uint256 partner = operation >> 48;
        if (terms.issuer() != partner) return "not_your_operation";
        if (today > spend.day() + $.program.returnWindowDays) return "return_too_late";
        if (points > spend.points()) return "refund_exceeds_redemption";
        Account memory a = $.load(member);
        if (a.openLots() >= OPEN_LOTS_MAX || a.next >= LOT_INDEX_MAX) return "account_full";

        if (a.isDue(today)) Recoveries.touchAccount($, a, today);
        Spending.writeSpend($, member, nonce, spend.withPoints(spend.points() - points));
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
