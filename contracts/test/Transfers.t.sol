// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {LotView} from "../src/interfaces/IPointsLedger.sol";

/// @notice Points that members give to members.
contract TransfersTest is LedgerFixture {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 20_000, 8000, 100);
        _enrol(1);
        _enrol(2);
    }

    function test_LotsMoveSoonestFirstAndKeepIssuerAndDay() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _pass(3);
        _apply(_submitter(2), _purchase(2, 1, 100));
        _apply(ATTESTER, _transfer(1, 2, 150));
        LotView[] memory lots = ledger.lotsOf(_member(2));
        vm.assertEq(lots.length, 2, "two lots");
        vm.assertTrue(lots[0].issuer == 1 && lots[0].points == 100 && lots[0].expiresDay == FIRST_DAY + 30, "first");
        vm.assertTrue(lots[1].issuer == 2 && lots[1].points == 50 && lots[1].expiresDay == FIRST_DAY + 33, "second");
        vm.assertEq(ledger.balanceOf(_member(1)), 50, "left");
        vm.assertEq(ledger.totals().issued, 200, "nothing new");
        vm.assertEq(ledger.operatorNet(), int256(100 * 10_000 + 100 * 20_000), "no position moves");
    }

    function test_OfOneDayTheReceiversOwnComeFirst() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _nextDay();
        _apply(_submitter(2), _purchase(2, 2, 40));
        _apply(_submitter(2), _purchaseOn(2, 2, 30, FIRST_DAY));
        _apply(ATTESTER, _transfer(1, 2, 100));
        LotView[] memory lots = ledger.lotsOf(_member(2));
        vm.assertEq(lots.length, 3, "three lots");
        vm.assertTrue(lots[0].points == 30 && lots[1].points == 100 && lots[2].points == 40, "day, then arrival");
    }

    function test_rejects_TransfersThatCannotBe() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _reject(ATTESTER, _transfer(1, 2, 0), "invalid_amount");
        _reject(ATTESTER, _transfer(1, 2, 4_000_000_001), "invalid_amount");
        _reject(ATTESTER, _transfer(1, 1, 1), "same_member");
        _reject(ATTESTER, _transfer(1, 2, 101), "insufficient_points");
        _reject(ATTESTER, _framed(0x08, ATTESTER, hex"01"), "malformed_operation");
        _reject(ATTESTER, _framed(0x08, ATTESTER, new bytes(44 + 77)), "malformed_operation");
        bytes memory toNobody = abi.encodePacked(_member(1), address(0), uint32(1), uint8(1), new bytes(77));
        _reject(ATTESTER, _framed(0x08, ATTESTER, toNobody), "invalid_amount");
        _apply(ATTESTER, _transfer(1, 2, 100));
    }

    function test_rejects_TransferToAnotherThanSigned() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        bytes memory operation = _transfer(1, 2, 100);
        // The receiver stands behind the frame and the member.
        bytes20 other = bytes20(_member(3));
        for (uint256 i = 0; i < 20; ++i) {
            operation[7 + 20 + i] = other[i];
        }
        _reject(ATTESTER, operation, "bad_authorisation");
    }

    function test_ReceiverNeedsNoKey() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(ATTESTER, _transfer(1, 9, 100));
        vm.assertEq(_available(9), 100, "received");
        _reject(ATTESTER, _transfer(9, 1, 1), "unknown_member");
    }

    function test_BothAccountsAreBroughtToToday() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(1), _purchase(1, 2, 70));
        _pass(20);
        _apply(_submitter(1), _purchase(1, 1, 30));
        _pass(11);
        _apply(ATTESTER, _transfer(1, 2, 10));
        vm.assertEq(ledger.balanceOf(_member(1)), 20, "the sender's old lot went");
        vm.assertEq(ledger.balanceOf(_member(2)), 10, "the receiver's too");
        vm.assertEq(ledger.totals().expired, 170, "expired");
    }

    function test_HeldPointsStayWithTheSender() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 60, FIRST_DAY));
        _reject(ATTESTER, _transfer(1, 2, 41), "insufficient_points");
        _apply(ATTESTER, _transfer(1, 2, 40));
        _apply(_submitter(1), _capture(1, 1, 1, placed, 60));
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "captured");
        vm.assertEq(ledger.balanceOf(_member(2)), 40, "moved");
    }

    function test_LateLotsMoveInOrder() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(2), _purchaseOn(2, 1, 50, FIRST_DAY - 3));
        _apply(ATTESTER, _transfer(1, 2, 120));
        LotView[] memory lots = ledger.lotsOf(_member(2));
        vm.assertTrue(lots[0].issuer == 2 && lots[0].points == 50, "the late one first");
        vm.assertTrue(lots[1].issuer == 1 && lots[1].points == 70, "then the other");
        vm.assertEq(_available(1), 30, "left");
    }
}
