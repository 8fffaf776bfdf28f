// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {HoldView} from "../src/interfaces/IPointsLedger.sol";

/// @notice Redemptions and holds: reserving, capturing, voiding, expiring, and what each refuses.
contract HoldsTest is LedgerFixture {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 5000, 100);
        _enrol(1);
        _apply(_submitter(1), _purchase(1, 1, 1000));
    }

    function _assertAccount(uint256 posted, uint256 available, uint256 held) private view {
        vm.assertEq(ledger.accountOf(_member(1)).posted, posted, "posted");
        vm.assertEq(ledger.accountOf(_member(1)).available, available, "available");
        vm.assertEq(ledger.accountOf(_member(1)).held, held, "held");
    }

    // ---------------------------------------------------------------- redemptions

    function test_RedemptionBurnsAndIsReimbursedAtTodaysPrice() public {
        _apply(_submitter(2), _redeem(2, 1, 300));
        _reprice(2, 10_000, 6000, 100);
        _apply(_submitter(2), _redeem(2, 1, 100));
        _assertAccount(600, 600, 0);
        vm.assertEq(ledger.totals().burned, 400, "burned");
        vm.assertEq(ledger.positionOf(2).reimbursed, int256(300 * 5000 + 100 * 6000), "reimbursed");
        vm.assertEq(ledger.operatorNet(), int256(1000 * 10_000 - 2_100_000), "the operator's side");
    }

    function test_rejects_RedemptionsOfTooMuchOrNothing() public {
        _reject(_submitter(1), _redeem(1, 1, 0), "invalid_amount");
        _reject(_submitter(1), _redeem(1, 1, 4_000_000_001), "invalid_amount");
        _reject(_submitter(1), _redeem(1, 1, 1001), "insufficient_points");
        _apply(_submitter(1), _redeem(1, 1, 1000));
        _reject(_submitter(1), _redeem(1, 1, 1), "insufficient_points");
    }

    function test_rejects_RedemptionOfPointsThatExpired() public {
        _pass(31);
        _reject(_submitter(1), _redeem(1, 1, 1), "insufficient_points");
        vm.assertEq(ledger.balanceOf(_member(1)), 1000, "a rejection touches nothing");
        _apply(_submitter(1), _purchase(1, 1, 7));
        _apply(_submitter(1), _redeem(1, 1, 7));
    }

    function test_RedemptionTouchesFirst() public {
        _pass(20);
        _apply(_submitter(1), _purchase(1, 1, 50));
        _pass(11);
        _apply(_submitter(1), _redeem(1, 1, 20));
        _assertAccount(30, 30, 0);
        vm.assertEq(ledger.totals().expired, 1000, "expired before");
    }

    function test_RedemptionWithoutAPriceIsPaidNothing() public {
        _reprice(2, 10_000, 0, 100);
        _apply(_submitter(2), _redeem(2, 1, 300));
        vm.assertEq(ledger.totals().burned, 300, "burned");
        vm.assertEq(ledger.positionOf(2).reimbursed, int256(0), "free of charge");
    }

    // ---------------------------------------------------------------- placing

    function test_HoldReservesPoints() public {
        _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 3));
        _assertAccount(1000, 600, 400);
        HoldView[] memory holds = ledger.holdsOf(_member(1));
        vm.assertEq(holds.length, 1, "one");
        vm.assertTrue(holds[0].nonce == 1 && holds[0].partner == 1 && holds[0].points == 400, "whose");
        vm.assertEq(holds[0].expiresDay, FIRST_DAY + 3, "until");
        _reject(_submitter(1), _redeem(1, 1, 601), "insufficient_points");
        _reject(_submitter(2), _hold(2, 1, 601, FIRST_DAY), "insufficient_points");
        vm.assertEq(ledger.positionOf(1).reimbursed, int256(0), "nothing is paid yet");
    }

    function test_rejects_HoldsOfNothingTooMuchOrThePast() public {
        _reject(_submitter(1), _hold(1, 1, 0, FIRST_DAY), "invalid_amount");
        _reject(_submitter(1), _hold(1, 1, 4_000_000_001, FIRST_DAY), "invalid_amount");
        _reject(_submitter(1), _hold(1, 1, 1, FIRST_DAY - 1), "hold_expired");
        _reject(_submitter(1), _hold(1, 1, 1001, FIRST_DAY), "insufficient_points");
    }

    function test_HoldOfTheLongestDayNeverExpires() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, type(uint24).max));
        _pass(900_000);
        _assertAccount(1000, 0, 400);
        _apply(_submitter(1), _capture(1, 1, 1, placed, 400));
        _assertAccount(0, 0, 0);
    }

    // ---------------------------------------------------------------- capturing

    function test_CaptureBurnsAndFreesTheRest() public {
        uint32 placed = _apply(_submitter(2), _hold(2, 1, 400, FIRST_DAY + 3));
        _pass(3);
        _reprice(2, 10_000, 7000, 100);
        _apply(_submitter(2), _capture(2, 1, 1, placed, 150));
        _assertAccount(850, 850, 0);
        vm.assertEq(ledger.positionOf(2).reimbursed, int256(150 * 7000), "at the price of its capture");
        vm.assertEq(ledger.holdsOf(_member(1)).length, 0, "none pending");
    }

    function test_rejects_CapturesThatDoNotFit() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 3));
        _reject(_submitter(1), _capture(1, 1, 1, placed, 0), "invalid_amount");
        _reject(_submitter(1), _capture(1, 1, 1, placed, 4_000_000_001), "invalid_amount");
        _reject(_submitter(1), _capture(1, 1, 1, placed + 1, 1), "unknown_hold");
        _reject(_submitter(1), _capture(1, 1, 2, placed, 1), "unknown_hold");
        _reject(_submitter(2), _capture(2, 1, 1, placed, 1), "not_your_operation");
        _reject(_submitter(1), _capture(1, 1, 1, placed, 401), "capture_exceeds_hold");
        bytes memory untagged = abi.encodePacked(_member(1), uint24(1), uint16(0), uint32(1));
        _reject(_submitter(1), _framed(0x06, _submitter(1), untagged), "unknown_hold");
        _apply(_submitter(1), _capture(1, 1, 1, placed, 400));
    }

    function test_RedemptionIsNoHold() public {
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 10));
        _reject(_submitter(1), _capture(1, 1, 1, redeemed, 1), "unknown_hold");
        _reject(_submitter(1), _void(1, 1, 1, redeemed), "unknown_hold");
    }

    function test_CapturedIsFinalOnAnyLaterDay() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 3));
        _apply(_submitter(1), _capture(1, 1, 1, placed, 400));
        _reject(_submitter(1), _capture(1, 1, 1, placed, 1), "hold_captured");
        _pass(10);
        _reject(_submitter(1), _capture(1, 1, 1, placed, 1), "hold_captured");
        _reject(_submitter(1), _void(1, 1, 1, placed), "hold_captured");
    }

    function test_VoidedIsFinalOnAnyLaterDay() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 3));
        _apply(_submitter(1), _void(1, 1, 1, placed));
        _assertAccount(1000, 1000, 0);
        _reject(_submitter(1), _void(1, 1, 1, placed), "hold_voided");
        _pass(10);
        _reject(_submitter(1), _capture(1, 1, 1, placed, 1), "hold_voided");
        _reject(_submitter(1), _void(1, 1, 1, placed), "hold_voided");
    }

    function test_rejects_VoidsOfOthers() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 3));
        _reject(_submitter(2), _void(2, 1, 1, placed), "not_your_operation");
        _reject(_submitter(1), _void(1, 1, 1, placed + 1), "unknown_hold");
        _reject(_submitter(1), _void(1, 2, 1, placed), "unknown_hold");
    }

    function test_SuspendedPartnersCaptureAndVoidWhatTheyHold() public {
        uint32 first = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY));
        uint32 second = _apply(_submitter(1), _hold(1, 1, 100, FIRST_DAY));
        ledger.suspendPartner(1);
        _apply(_submitter(1), _capture(1, 1, 1, first, 400));
        _apply(_submitter(1), _void(1, 1, 2, second));
        _assertAccount(600, 600, 0);
    }

    // ---------------------------------------------------------------- expiring

    function test_PendingHoldExpiresAfterItsDay() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 3));
        _pass(3);
        _assertAccount(1000, 600, 400);
        _nextDay();
        _assertAccount(1000, 1000, 0);
        _reject(_submitter(1), _capture(1, 1, 1, placed, 1), "hold_expired");
        _reject(_submitter(1), _void(1, 1, 1, placed), "hold_expired");
        _apply(_submitter(1), _redeem(1, 1, 1000));
        _assertAccount(0, 0, 0);
    }

    function test_HoldsEndInTheOrderOfTheirDays() public {
        _apply(_submitter(1), _hold(1, 1, 100, FIRST_DAY + 5));
        _apply(_submitter(1), _hold(1, 1, 200, FIRST_DAY + 2));
        uint32 third = _apply(_submitter(1), _hold(1, 1, 300, FIRST_DAY + 2));
        _apply(_submitter(1), _hold(1, 1, 50, FIRST_DAY + 9));
        HoldView[] memory holds = ledger.holdsOf(_member(1));
        vm.assertTrue(
            holds[0].nonce == 2 && holds[1].nonce == 3 && holds[2].nonce == 1 && holds[3].nonce == 4, "by day"
        );
        _apply(_submitter(1), _void(1, 1, 3, third));
        _pass(3);
        _apply(_submitter(1), _redeem(1, 1, 10));
        _assertAccount(990, 840, 150);
        vm.assertEq(ledger.holdsOf(_member(1)).length, 2, "two are left");
    }

    function test_HeldPointsOfALotThatLapsedCanBeCaptured() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 50));
        _pass(35);
        _assertAccount(1000, 0, 400);
        _apply(_submitter(1), _capture(1, 1, 1, placed, 250));
        _assertAccount(0, 0, 0);
        vm.assertEq(ledger.totals().burned, 250, "burned");
        vm.assertEq(ledger.totals().expired, 750, "what was freed had lapsed");
    }

    function test_LapsedPointsThatAreAllHeldDoNotExpire() public {
        _apply(_submitter(1), _hold(1, 1, 1000, FIRST_DAY + 50));
        _pass(35);
        ledger.touchThrough(_member(1), ledger.today());
        _assertAccount(1000, 0, 1000);
        vm.assertEq(ledger.totals().expired, 0, "none");
    }

    function test_HoldBringsTheAccountToToday() public {
        _pass(20);
        _apply(_submitter(1), _purchase(1, 1, 50));
        _pass(11);
        _apply(_submitter(1), _hold(1, 1, 50, FIRST_DAY + 40));
        _assertAccount(50, 0, 50);
        vm.assertEq(ledger.totals().expired, 1000, "expired before");
    }

    function test_WhatAVoidFreesLapsesWithItsLot() public {
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 400, FIRST_DAY + 50));
        _pass(35);
        _apply(_submitter(1), _void(1, 1, 1, placed));
        _assertAccount(0, 0, 0);
        vm.assertEq(ledger.totals().expired, 1000, "all");
    }

    function test_HeldPointsAreTheSoonestExpiring() public {
        _pass(10);
        _apply(_submitter(1), _purchase(1, 1, 500));
        _apply(_submitter(1), _hold(1, 1, 1200, FIRST_DAY + 60));
        _pass(21);
        // The lot of 1,000 has lapsed but is held; 200 of the later one too.
        _assertAccount(1500, 300, 1200);
        _pass(10);
        _assertAccount(1500, 0, 1200);
        _pass(20);
        _assertAccount(1500, 0, 0);
        address[] memory members = new address[](1);
        members[0] = _member(1);
        ledger.touch(members);
        vm.assertEq(ledger.totals().expired, 1500, "all");
    }

    function test_BodiesOfTheWrongLengthAreMalformed() public {
        uint8[4] memory kinds = [0x03, 0x05, 0x06, 0x07];
        uint256[4] memory lengths = [uint256(24 + 78), 27 + 78, 29, 25];
        for (uint256 i = 0; i < kinds.length; ++i) {
            bytes memory longer = new bytes(lengths[i] + 1);
            bytes memory shorter = new bytes(lengths[i] - 1);
            _reject(_submitter(1), _framed(kinds[i], _submitter(1), longer), "malformed_operation");
            _reject(_submitter(1), _framed(kinds[i], _submitter(1), shorter), "malformed_operation");
            _reject(_submitter(1), _framed(kinds[i], _submitter(1), hex"01"), "malformed_operation");
        }
    }
}
