// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {IssuerKind, LotView} from "../src/interfaces/IPointsLedger.sol";

/// @notice Purchases and grants: what they issue, at which price, until when, and what is refused.
contract PurchasesTest is LedgerFixture {
    uint40 private constant SPEND_MOST = 1_000_000_000_000;
    uint32 private constant POINTS_MOST = 4_000_000_000;

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 20_000, 8000, 50);
    }

    function _lots(uint256 member) private view returns (LotView[] memory) {
        return ledger.lotsOf(_member(member));
    }

    // ---------------------------------------------------------------- purchases

    function test_PointsAreRoundedDown() public {
        _apply(_submitter(2), _purchase(2, 1, 199));
        LotView memory lot = _lots(1)[0];
        vm.assertEq(lot.points, 99, "99.5 points");
        vm.assertEq(lot.spendKept, 199, "kept");
        vm.assertEq(lot.issuer, 2, "issuer");
        vm.assertTrue(lot.kind == IssuerKind.Partner, "kind");
        vm.assertEq(lot.expiresDay, FIRST_DAY + 30, "last day");
        vm.assertEq(ledger.positionOf(2).base, int256(99 * 20_000), "base");
    }

    function test_PurchaseWithoutPointsIsAcceptedAndCanBeReturned() public {
        uint32 sequence = _apply(_submitter(2), _purchase(2, 1, 1));
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "no points");
        vm.assertEq(ledger.accountOf(_member(1)).lotCount, 1, "a lot");
        vm.assertEq(ledger.totals().issued, 0, "nothing issued");
        _apply(_submitter(2), _return(2, 1, 0, sequence, 1));
        _reject(_submitter(2), _return(2, 1, 0, sequence, 1), "return_exceeds_purchase");
    }

    function test_rejects_AmountsOutOfBounds() public {
        _reject(_submitter(1), _purchase(1, 1, 0), "invalid_amount");
        _reject(_submitter(1), _purchase(1, 1, SPEND_MOST + 1), "invalid_amount");
        // 100 points per 100 minor units: a purchase may be larger than its points.
        _reject(_submitter(1), _purchase(1, 1, POINTS_MOST + 1), "invalid_amount");
        bytes memory nobody = abi.encodePacked(address(0), uint40(1), TODAY);
        _reject(_submitter(1), _framed(0x01, _submitter(1), nobody), "invalid_amount");
        vm.assertEq(ledger.totals().issued, 0, "nothing issued");
    }

    function test_AcceptsTheLargestAmounts() public {
        _apply(_submitter(1), _purchase(1, 1, POINTS_MOST));
        vm.assertEq(ledger.balanceOf(_member(1)), POINTS_MOST, "most points");
        _reprice(1, 1_000_000_000, 1_000_000_000, 0);
        _apply(_submitter(1), _purchase(1, 2, SPEND_MOST));
        vm.assertEq(ledger.accountOf(_member(2)).lotCount, 1, "most spend");
        _reprice(1, 1_000_000_000, 1_000_000_000, 10_000);
        _apply(_submitter(1), _purchase(1, 3, POINTS_MOST / 100));
        vm.assertEq(ledger.balanceOf(_member(3)), POINTS_MOST, "highest rate");
        vm.assertEq(
            ledger.positionOf(1).base,
            int256(uint256(POINTS_MOST)) * 10_000 + int256(uint256(POINTS_MOST)) * 1_000_000_000,
            "highest price"
        );
    }

    function testFuzz_IssuesTheFloorOfSpendTimesRate(uint40 spend, uint16 rate, uint32 price) public {
        rate = uint16(bound(rate, 0, 10_000));
        price = uint32(bound(price, 0, 1_000_000_000));
        spend = uint40(bound(spend, 0, SPEND_MOST + 10));
        _reprice(1, price, 0, rate);
        uint256 points = uint256(spend) * rate / 100;
        bool isRight = spend > 0 && spend <= SPEND_MOST && points <= POINTS_MOST;
        vm.assertEq(
            _reasonOf(_submitter(1), _purchase(1, 1, spend)), isRight ? bytes32(0) : bytes32("invalid_amount"), "reason"
        );
        if (!isRight) points = 0;
        vm.assertEq(ledger.balanceOf(_member(1)), points, "points");
        vm.assertEq(ledger.totalSupply(), points, "supply");
        vm.assertEq(ledger.positionOf(1).base, int256(points * price), "base");
    }

    // ---------------------------------------------------------------- late posting

    function test_LatePurchaseLivesFromItsOwnDayAtTodaysTerms() public {
        _reprice(1, 7000, 8000, 200);
        _apply(_submitter(1), _purchaseOn(1, 1, 100, FIRST_DAY - 5));
        LotView memory lot = _lots(1)[0];
        vm.assertEq(lot.expiresDay, FIRST_DAY + 25, "from its own day");
        vm.assertEq(lot.points, 200, "today's rate");
        vm.assertEq(ledger.positionOf(1).base, int256(200 * 7000), "today's price");
    }

    function test_rejects_PostingAfterTheLastDayForIt() public {
        _reject(_submitter(1), _purchaseOn(1, 1, 100, FIRST_DAY - 6), "posted_too_late");
    }

    function test_rejects_PurchasesOfTomorrow() public {
        _reject(_submitter(1), _purchaseOn(1, 1, 100, FIRST_DAY + 1), "invalid_day");
    }

    function test_LateLotIsTakenFirstWhenItExpiresFirst() public {
        _enrol(1);
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(2), _purchaseOn(2, 1, 100, FIRST_DAY - 3));
        _apply(_submitter(1), _purchaseOn(1, 1, 30, FIRST_DAY - 4));
        LotView[] memory lots = _lots(1);
        vm.assertEq(lots.length, 3, "three lots");
        vm.assertTrue(lots[0].index == 2 && lots[1].index == 1 && lots[2].index == 0, "soonest first");
        _apply(_submitter(1), _redeem(1, 1, 60));
        lots = _lots(1);
        vm.assertEq(lots.length, 2, "one is used up");
        vm.assertTrue(lots[0].index == 1 && lots[0].points == 20, "30 of the next");
        vm.assertEq(lots[1].points, 100, "the last untouched");
    }

    function test_OfOneDayTheFirstThatCameIsTakenFirst() public {
        _enrol(1);
        _apply(_submitter(1), _purchase(1, 1, 10));
        _apply(_submitter(2), _purchaseOn(2, 1, 20, FIRST_DAY - 1));
        _nextDay();
        // Of the same day as the first lot, but got after it.
        _apply(_submitter(2), _purchase(2, 1, 20));
        _apply(_submitter(2), _purchaseOn(2, 1, 20, FIRST_DAY));
        LotView[] memory lots = _lots(1);
        vm.assertTrue(
            lots[0].index == 1 && lots[1].index == 0 && lots[2].index == 3 && lots[3].index == 2, "day, then arrival"
        );
    }

    function test_LateLotWithoutPointsCanBeReturned() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 late = _apply(_submitter(2), _purchaseOn(2, 1, 1, FIRST_DAY - 2));
        _apply(_submitter(1), _purchase(1, 1, 10));
        vm.assertEq(_available(1), 110, "no points in it");
        _apply(_submitter(2), _return(2, 1, 1, late, 1));
        vm.assertEq(_available(1), 110, "nor by its return");
    }

    // ---------------------------------------------------------------- expiry

    function test_LotLivesThroughTheEndOfItsLastDay() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _pass(30);
        vm.assertEq(_available(1), 100, "its last day");
        _nextDay();
        vm.assertEq(_available(1), 0, "the day after");
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "posted until someone touches it");
        vm.assertTrue(!ledger.accountOf(_member(1)).touched, "not touched");
        address[] memory members = new address[](1);
        members[0] = _member(1);
        ledger.touch(members);
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "touched");
        vm.assertEq(ledger.totals().expired, 100, "expired");
        vm.assertEq(ledger.totals().outstanding, 0, "outstanding");
        vm.assertEq(ledger.positionOf(1).credit, int256(0), "expired points pay nothing");
    }

    function test_TouchedInStepsIsAsTouchedAtOnce() public {
        for (uint256 i = 0; i < 6; ++i) {
            _apply(_submitter(1), _purchase(1, 1, 10));
            _nextDay();
        }
        _pass(28);
        uint24 today = ledger.today();
        ledger.touchThrough(_member(1), today - 2);
        vm.assertEq(ledger.balanceOf(_member(1)), 40, "two days' lots");
        vm.assertEq(_available(1), 20, "as touched today all the same");
        ledger.touchThrough(_member(1), today);
        vm.assertEq(ledger.balanceOf(_member(1)), 20, "the rest");
        ledger.touchThrough(_member(1), today - 1);
        vm.assertEq(ledger.balanceOf(_member(1)), 20, "days that went by change nothing");
    }

    function test_PurchaseBringsTheAccountToToday() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _pass(31);
        _apply(_submitter(1), _purchase(1, 1, 5));
        vm.assertEq(ledger.balanceOf(_member(1)), 5, "the old lot went");
        vm.assertEq(ledger.totals().expired, 100, "expired");
    }

    function test_LateLotExpiresBeforeTheOthers() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(2), _purchaseOn(2, 1, 50, FIRST_DAY - 3));
        _pass(28);
        ledger.touchThrough(_member(1), ledger.today());
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "the late one alone");
        vm.assertEq(ledger.totals().expired, 25, "expired");
    }

    // ---------------------------------------------------------------- grants

    function test_PartnersGrantIsBilledAndOperatorsIsFree() public {
        _apply(_submitter(2), _grant(_submitter(2), 1, 40));
        _apply(0, _grant(0, 1, 60));
        LotView[] memory lots = _lots(1);
        vm.assertTrue(lots[0].kind == IssuerKind.Partner && lots[0].issuer == 2 && lots[0].points == 40, "partner's");
        vm.assertTrue(lots[1].kind == IssuerKind.Operator && lots[1].issuer == 0 && lots[1].points == 60, "operator's");
        vm.assertEq(lots[1].expiresDay, FIRST_DAY + 30, "last day");
        vm.assertEq(ledger.positionOf(2).base, int256(40 * 20_000), "billed as base");
        vm.assertEq(ledger.operatorNet(), int256(40 * 20_000), "the operator's costs nobody");
        vm.assertEq(ledger.totals().issued, 100, "issued");
    }

    function test_rejects_GrantsOutOfBounds() public {
        _reject(_submitter(1), _grant(_submitter(1), 1, 0), "invalid_amount");
        _reject(_submitter(1), _grant(_submitter(1), 1, POINTS_MOST + 1), "invalid_amount");
        bytes memory nobody = abi.encodePacked(address(0), uint32(1));
        _reject(_submitter(1), _framed(0x09, _submitter(1), nobody), "invalid_amount");
        _apply(_submitter(1), _grant(_submitter(1), 1, POINTS_MOST));
    }

    function test_GrantBringsTheAccountToToday() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _pass(31);
        _apply(0, _grant(0, 1, 5));
        vm.assertEq(ledger.balanceOf(_member(1)), 5, "the old lot went");
    }

    function test_rejects_WhatSuspendedPartnersBegin() public {
        _enrol(1);
        _apply(_submitter(1), _purchase(1, 1, 1000));
        ledger.suspendPartner(1);
        _reject(_submitter(1), _purchase(1, 1, 0), "partner_suspended");
        _reject(_submitter(1), _grant(_submitter(1), 1, 0), "partner_suspended");
        _reject(_submitter(1), _redeem(1, 1, 0), "partner_suspended");
        _reject(_submitter(1), _hold(1, 1, 0, 0), "partner_suspended");
        ledger.reinstatePartner(1);
        _apply(_submitter(1), _redeem(1, 1, 10));
    }

    function test_BodiesOfTheWrongLengthAreMalformed() public {
        uint8[2] memory kinds = [0x01, 0x09];
        uint256[2] memory lengths = [uint256(28), 24];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory longer = new bytes(lengths[i] + 1);
            bytes memory shorter = new bytes(lengths[i] - 1);
            _reject(_submitter(1), _framed(kinds[i], _submitter(1), longer), "malformed_operation");
            _reject(_submitter(1), _framed(kinds[i], _submitter(1), shorter), "malformed_operation");
        }
    }
}
