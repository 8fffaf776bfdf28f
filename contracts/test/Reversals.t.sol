// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {DebtView, IssuerKind, LotView} from "../src/interfaces/IPointsLedger.sol";

/// @notice Returns with what they take back, debt with how it is repaid, and refunds of redemptions.
contract ReversalsTest is LedgerFixture {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 20_000, 8000, 50);
        _enrol(1);
    }

    function _assertAvailableAndDebt(uint256 available, uint256 debt) private view {
        vm.assertEq(ledger.accountOf(_member(1)).available, available, "available");
        vm.assertEq(ledger.accountOf(_member(1)).debt, debt, "debt");
    }

    // ---------------------------------------------------------------- returns

    function test_ReturnInStepsTakesBackWhatTheSpendLeftEarned() public {
        uint32 sold = _apply(_submitter(2), _purchase(2, 1, 199));
        _apply(_submitter(2), _return(2, 1, 0, sold, 1));
        _assertAvailableAndDebt(99, 0);
        _apply(_submitter(2), _return(2, 1, 0, sold, 1));
        _assertAvailableAndDebt(98, 0);
        _apply(_submitter(2), _return(2, 1, 0, sold, 197));
        _assertAvailableAndDebt(0, 0);
        vm.assertEq(ledger.positionOf(2).credit, int256(99 * 20_000), "credit at the lot's price");
        vm.assertEq(ledger.totals().cancelled, 99, "cancelled");
        vm.assertEq(ledger.operatorNet(), int256(0), "as if it had never been");
    }

    function test_ReturnUsesThePurchasesRateAndPrice() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 1000));
        _reprice(1, 1, 1, 1);
        _apply(_submitter(1), _return(1, 1, 0, sold, 500));
        _assertAvailableAndDebt(500, 0);
        vm.assertEq(ledger.positionOf(1).credit, int256(500 * 10_000), "at the purchase's price");
    }

    function test_rejects_ReturnsThatNameNothing() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 1000));
        _apply(_submitter(1), _grant(_submitter(1), 1, 10));
        _reject(_submitter(1), _return(1, 1, 0, sold, 0), "invalid_amount");
        _reject(_submitter(1), _return(1, 1, 0, sold, 1_000_000_000_001), "invalid_amount");
        _reject(_submitter(1), _return(1, 1, 2, sold, 1), "unknown_operation");
        _reject(_submitter(1), _return(1, 1, 0, sold + 1, 1), "unknown_operation");
        _reject(_submitter(1), _return(1, 2, 0, sold, 1), "unknown_operation");
        bytes memory ofAGrant = abi.encodePacked(_member(1), uint24(1), uint16(0), uint40(1));
        _reject(_submitter(1), _framed(0x02, _submitter(1), ofAGrant), "unknown_operation");
        _reject(_submitter(2), _return(2, 1, 0, sold, 1), "not_your_operation");
        _reject(_submitter(1), _return(1, 1, 0, sold, 1001), "return_exceeds_purchase");
        _reject(_submitter(1), _framed(0x02, _submitter(1), hex"01"), "malformed_operation");
        _assertAvailableAndDebt(1010, 0);
    }

    function test_ReturnIsPossibleThroughTheLastDayOfItsWindow() public {
        uint32 sold = _apply(_submitter(1), _purchaseOn(1, 1, 1000, FIRST_DAY - 4));
        _pass(26);
        _apply(_submitter(1), _return(1, 1, 0, sold, 1));
        _nextDay();
        _reject(_submitter(1), _return(1, 1, 0, sold, 1), "return_too_late");
    }

    function test_SuspendedPartnersTakeReturnsAndRefund() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 1000));
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 100));
        ledger.suspendPartner(1);
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        _apply(_submitter(1), _refund(1, 1, 1, redeemed, 10));
        _assertAvailableAndDebt(900, 0);
    }

    // ---------------------------------------------------------------- taking back

    function test_OwnLotIsTakenBeforeSoonerOnes() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _nextDay();
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 50));
        _apply(_submitter(1), _return(1, 1, 1, sold, 50));
        LotView[] memory lots = ledger.lotsOf(_member(1));
        vm.assertEq(lots.length, 1, "one left");
        vm.assertTrue(lots[0].index == 0 && lots[0].points == 100, "the sooner one is whole");
    }

    function test_WhatTheLotHasNotIsTakenFromOthersSoonestFirst() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        _nextDay();
        _apply(_submitter(2), _purchase(2, 1, 60));
        _nextDay();
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(1), _redeem(1, 1, 80));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        LotView[] memory lots = ledger.lotsOf(_member(1));
        vm.assertTrue(lots.length == 1 && lots[0].index == 2 && lots[0].points == 50, "20 own, 30, then 50");
        vm.assertEq(ledger.positionOf(1).credit, int256(100 * 10_000), "all count for the returned lot");
        vm.assertEq(ledger.positionOf(2).credit, int256(0), "none for those it was taken from");
    }

    function test_HeldPointsAreNotTakenBackButOwed() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 70, FIRST_DAY + 2));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        _assertAvailableAndDebt(0, 70);
        vm.assertEq(ledger.positionOf(1).credit, int256(30 * 10_000), "recovered so far");
        _apply(_submitter(1), _void(1, 1, 1, placed));
        _assertAvailableAndDebt(0, 0);
        vm.assertEq(ledger.positionOf(1).credit, int256(100 * 10_000), "and the rest when it was freed");
    }

    function test_DebtIsRepaidWhenAHoldExpires() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(1), _hold(1, 1, 70, FIRST_DAY + 2));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        _pass(3);
        _assertAvailableAndDebt(0, 0);
        vm.assertEq(ledger.debtsOf(_member(1)).length, 1, "posted until someone touches it");
        address[] memory members = new address[](1);
        members[0] = _member(1);
        ledger.touch(members);
        vm.assertEq(ledger.debtsOf(_member(1)).length, 0, "repaid");
        vm.assertEq(ledger.totals().cancelled, 100, "cancelled");
    }

    function test_CaptureRepaysDebtFromWhatItFrees() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 70, FIRST_DAY + 2));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        _apply(_submitter(1), _capture(1, 1, 1, placed, 20));
        _assertAvailableAndDebt(0, 20);
    }

    function test_DebtIsRepaidOldestFirstAtEachLotsPrice() public {
        uint32 first = _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 second = _apply(_submitter(2), _purchase(2, 1, 100));
        uint32 third = _apply(_submitter(1), _purchase(1, 1, 10));
        _apply(_submitter(1), _redeem(1, 1, 160));
        _apply(_submitter(1), _return(1, 1, 0, first, 60));
        _apply(_submitter(1), _return(1, 1, 0, first, 40));
        _apply(_submitter(2), _return(2, 1, 1, second, 100));
        _apply(_submitter(1), _return(1, 1, 2, third, 10));
        DebtView[] memory debts = ledger.debtsOf(_member(1));
        vm.assertEq(debts.length, 3, "the same lot's debts in a row are one");
        vm.assertTrue(debts[0].points == 100 && debts[1].points == 50 && debts[2].points == 10, "in order");
        _apply(0, _grant(0, 1, 120));
        debts = ledger.debtsOf(_member(1));
        vm.assertTrue(debts.length == 2 && debts[0].points == 30 && debts[1].points == 10, "the oldest first");
        vm.assertEq(ledger.positionOf(1).credit, int256(100 * 10_000), "the first at its price");
        vm.assertEq(ledger.positionOf(2).credit, int256(20 * 20_000), "a part of the second at its own");
        _apply(_submitter(1), _purchase(1, 1, 100));
        _assertAvailableAndDebt(60, 0);
    }

    function test_RefundAndTransferRepayDebt() public {
        _enrol(2);
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 100));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        _assertAvailableAndDebt(0, 100);
        _apply(_submitter(1), _refund(1, 1, 1, redeemed, 30));
        _assertAvailableAndDebt(0, 70);
        _apply(_submitter(1), _purchase(1, 2, 80));
        _apply(ATTESTER, _transfer(2, 1, 80));
        _assertAvailableAndDebt(10, 0);
        vm.assertEq(ledger.positionOf(1).credit, int256(100 * 10_000), "all of it recovered");
    }

    function test_ExpiredPointsCannotRepay() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(1), _redeem(1, 1, 100));
        _apply(_submitter(1), _purchase(1, 1, 40));
        _pass(30);
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        _assertAvailableAndDebt(0, 60);
        _nextDay();
        _assertAvailableAndDebt(0, 60);
    }

    function test_ReturnBringsTheAccountToToday() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _pass(5);
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 40));
        _pass(26);
        _apply(_submitter(1), _return(1, 1, 1, sold, 10));
        _assertAvailableAndDebt(30, 0);
        vm.assertEq(ledger.totals().expired, 100, "the first lot");
    }

    function test_ReturnOfTheOnlyOpenLotLeavesNone() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(1), _redeem(1, 1, 100));
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 40));
        _apply(_submitter(1), _return(1, 1, 1, sold, 40));
        _assertAvailableAndDebt(0, 0);
        vm.assertEq(ledger.accountOf(_member(1)).openLots, 0, "none");
        _pass(40);
        vm.assertTrue(ledger.accountOf(_member(1)).touched, "nothing is due");
    }

    /// @dev A lot posted late stands apart from the others, and is found all the same.
    function test_LateLotIsTakenBack() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 sold = _apply(_submitter(1), _purchaseOn(1, 1, 80, FIRST_DAY - 2));
        _apply(_submitter(1), _return(1, 1, 1, sold, 30));
        _assertAvailableAndDebt(150, 0);
        _apply(_submitter(1), _return(1, 1, 1, sold, 50));
        _assertAvailableAndDebt(100, 0);
        _apply(_submitter(1), _redeem(1, 1, 100));
        _assertAvailableAndDebt(0, 0);
    }

    /// @dev Points that left by transfer and came back are no longer the lot's own.
    function test_TransferredPointsAreNotFollowed() public {
        _enrol(2);
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(ATTESTER, _transfer(1, 2, 100));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        _assertAvailableAndDebt(0, 100);
        _apply(ATTESTER, _transfer(2, 1, 100));
        _assertAvailableAndDebt(0, 0);
    }

    // ---------------------------------------------------------------- refunds

    function test_RefundMakesALotWithoutPriceAndUndoesTheReimbursement() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 redeemed = _apply(_submitter(2), _redeem(2, 1, 100));
        _reprice(2, 1, 1, 1);
        _pass(10);
        _apply(_submitter(2), _refund(2, 1, 1, redeemed, 60));
        LotView memory lot = ledger.lotsOf(_member(1))[0];
        vm.assertTrue(lot.kind == IssuerKind.Refund && lot.issuer == 2 && lot.points == 60, "refund:2");
        vm.assertEq(lot.expiresDay, FIRST_DAY + 30, "the redemption's day + validity");
        vm.assertEq(ledger.totals().burned, 40, "burned goes down");
        vm.assertEq(ledger.totals().issued, 100, "nothing new is issued");
        vm.assertEq(ledger.positionOf(2).reimbursed, int256(40 * 8000), "at the price then paid");
        _apply(_submitter(2), _refund(2, 1, 1, redeemed, 40));
        _reject(_submitter(2), _refund(2, 1, 1, redeemed, 1), "refund_exceeds_redemption");
    }

    function test_CaptureIsRefundedByItsOwnTag() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 100, FIRST_DAY));
        _reject(_submitter(1), _refund(1, 1, 1, placed, 1), "unknown_operation");
        uint32 captured = _apply(_submitter(1), _capture(1, 1, 1, placed, 70));
        _reject(_submitter(1), _refund(1, 1, 1, placed, 1), "unknown_operation");
        _reject(_submitter(1), _refund(1, 1, 1, captured, 71), "refund_exceeds_redemption");
        _apply(_submitter(1), _refund(1, 1, 1, captured, 70));
        _assertAvailableAndDebt(100, 0);
    }

    function test_rejects_RefundsThatDoNotFit() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 50));
        _reject(_submitter(1), _refund(1, 1, 1, redeemed, 0), "invalid_amount");
        _reject(_submitter(1), _refund(1, 1, 1, redeemed, 4_000_000_001), "invalid_amount");
        _reject(_submitter(1), _refund(1, 1, 2, redeemed, 1), "unknown_operation");
        _reject(_submitter(1), _refund(1, 1, 1, redeemed + 1, 1), "unknown_operation");
        _reject(_submitter(2), _refund(2, 1, 1, redeemed, 1), "not_your_operation");
        bytes memory untagged = abi.encodePacked(_member(1), uint24(1), uint16(0), uint32(1));
        _reject(_submitter(1), _framed(0x04, _submitter(1), untagged), "unknown_operation");
        _reject(_submitter(1), _framed(0x04, _submitter(1), hex"01"), "malformed_operation");
        _reject(_submitter(1), _refund(1, 1, 1, redeemed, 51), "refund_exceeds_redemption");
        _pass(30);
        _apply(_submitter(1), _refund(1, 1, 1, redeemed, 1));
        _nextDay();
        _reject(_submitter(1), _refund(1, 1, 1, redeemed, 1), "return_too_late");
    }

    function test_RefundBringsTheAccountToToday() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _pass(5);
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 50));
        _pass(26);
        _apply(_submitter(1), _refund(1, 1, 1, redeemed, 50));
        _assertAvailableAndDebt(50, 0);
        vm.assertEq(ledger.totals().expired, 50, "what was left of the first lot");
    }

    function testFuzz_ReturnsInAnyStepsTakeBackTheSame(uint40 spend, uint16 rate, uint8 steps) public {
        spend = uint40(bound(spend, 1, 40_000_000));
        _reprice(1, 10_000, 0, uint16(bound(rate, 0, 10_000)));
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, spend));
        uint256 points = _available(1);
        uint40 left = spend;
        for (uint256 i = bound(steps, 1, 6); i > 0; --i) {
            uint40 part = i == 1 ? left : uint40(uint256(keccak256(abi.encode(spend, i))) % (left + 1));
            if (part == 0) continue;
            _apply(_submitter(1), _return(1, 1, 0, sold, part));
            left -= part;
        }
        _assertAvailableAndDebt(0, 0);
        vm.assertEq(ledger.totals().cancelled, points, "all of it, whatever the rounding between");
        vm.assertEq(ledger.positionOf(1).net, int256(0), "the partner is where it was");
    }
}
