// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {Submission} from "../src/interfaces/IPointsLedger.sol";

/// @notice Random amounts, random bytes, and what was signed with one byte changed.
contract TamperingTest is LedgerFixture {
    uint32 private constant POINTS_MOST = 4_000_000_000;

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _enrol(1);
        _enrol(2);
    }

    function _isAmount(uint256 points) private pure returns (bool) {
        return points > 0 && points <= POINTS_MOST;
    }

    // ---------------------------------------------------------------- amounts

    function testFuzz_SpendingEndsExactlyAtWhatIsAvailable(uint32 balance, uint32 points, uint8 way) public {
        balance = uint32(bound(balance, 1, POINTS_MOST));
        // Half of the time within a few points of the balance.
        if (points % 2 == 0) {
            points = uint32(bound(points, balance - (balance < 3 ? balance : 3), uint256(balance) + 3));
        }
        _apply(_submitter(1), _grant(_submitter(1), 1, balance));
        bytes memory operation;
        if (way % 3 == 0) operation = _redeem(1, 1, points);
        else if (way % 3 == 1) operation = _hold(1, 1, points, FIRST_DAY);
        else operation = _transfer(1, 2, points);
        bytes32 expected = !_isAmount(points)
            ? bytes32("invalid_amount")
            : points > balance ? bytes32("insufficient_points") : bytes32(0);
        vm.assertEq(_reasonOf(way % 3 == 2 ? ATTESTER : _submitter(1), operation), expected, "reason");
        vm.assertEq(_available(1), expected == 0 ? balance - points : balance, "left");
        vm.assertEq(ledger.totals().burned, expected == 0 && way % 3 == 0 ? points : 0, "burned");
    }

    function testFuzz_CaptureAndRefundEndExactlyAtWhatWasHeld(uint32 held, uint32 captured, uint32 refunded) public {
        held = uint32(bound(held, 1, POINTS_MOST));
        if (captured % 2 == 0) captured = uint32(bound(captured, 0, uint256(held) + 1));
        if (refunded % 2 == 0) refunded = uint32(bound(refunded, 0, uint256(captured) + 1));
        _apply(_submitter(1), _grant(_submitter(1), 1, held));
        uint32 placed = _apply(_submitter(1), _hold(1, 1, held, FIRST_DAY));
        bytes32 expected;
        if (!_isAmount(captured)) expected = "invalid_amount";
        else if (captured > held) expected = "capture_exceeds_hold";
        vm.assertEq(_reasonOf(_submitter(1), _capture(1, 1, 1, placed, captured)), expected, "capture");
        if (expected != 0) return;
        uint32 sequence = lastSequence[_submitter(1)];
        if (!_isAmount(refunded)) expected = "invalid_amount";
        else if (refunded > captured) expected = "refund_exceeds_redemption";
        vm.assertEq(_reasonOf(_submitter(1), _refund(1, 1, 1, sequence, refunded)), expected, "refund");
        if (expected != 0) refunded = 0;
        vm.assertEq(_available(1), uint256(held) - captured + refunded, "left");
        vm.assertEq(
            ledger.positionOf(1).reimbursed, (int256(uint256(captured)) - int256(uint256(refunded))) * 8000, "paid"
        );
    }

    function testFuzz_GrantsEndAtTheirBound(uint32 points) public {
        bool isRight = _isAmount(points);
        bytes32 expected = isRight ? bytes32(0) : bytes32("invalid_amount");
        vm.assertEq(_reasonOf(0, _grant(0, 1, points)), expected, "reason");
        vm.assertEq(ledger.totalSupply(), isRight ? points : 0, "supply");
    }

    // ---------------------------------------------------------------- bytes

    /// @dev The framing itself is random here; the bodies are in `SettlingTest`.
    function testFuzz_NoFramingStopsTheBatch(bytes memory operations) public {
        vm.assume(operations.length < 2000);
        Submission[] memory batch = new Submission[](2);
        batch[0] = _submission(_submitter(1), operations);
        batch[1] = _submission(_submitter(2), _purchase(2, 2, 77));
        vm.recordLogs();
        ledger.settle(batch);
        bytes32[] memory reasons = _reasons();
        for (uint256 i = 0; i < reasons.length; ++i) {
            vm.assertTrue(reasons[i] != "execution_failed" && reasons[i] != "out_of_gas", "isolated");
        }
        vm.assertEq(ledger.balanceOf(_member(2)), 77, "the other settled");
    }

    /// @dev Body of the operation, with one byte changed, framed anew: the partner signs anything.
    function _tampered(bytes memory operation, uint256 index, uint8 change) private returns (bytes memory) {
        bytes memory body = new bytes(operation.length - 7);
        for (uint256 i = 0; i < body.length; ++i) {
            body[i] = operation[i + 7];
        }
        index %= body.length;
        body[index] = bytes1(uint8(body[index]) ^ (change == 0 ? 1 : change));
        uint8 kind = uint8(operation[2]);
        return _framed(kind, kind == 0x08 ? ATTESTER : _submitter(1), body);
    }

    /// @dev Of what a redemption says, only the points may be others, and no more than was signed.
    function testFuzz_OneChangedByteOfARedemptionIsRefused(uint256 index, uint8 change) public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        bytes memory operation = _redeem(1, 1, 300);
        index = bound(index, 0, operation.length - 8);
        bytes32 reason = _reasonOf(_submitter(1), _tampered(operation, index, change));
        uint256 left = ledger.balanceOf(_member(1));
        if (index < 20 || index >= 24) vm.assertTrue(reason != 0, "refused");
        vm.assertTrue(left >= 700, "never more than signed");
        if (reason != 0) vm.assertEq(left, 1000, "nothing moved");
        vm.assertTrue(reason != "execution_failed", "isolated");
    }

    function testFuzz_OneChangedByteOfAHoldIsRefused(uint256 index, uint8 change) public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        bytes memory operation = _hold(1, 1, 300, FIRST_DAY + 9);
        index = bound(index, 0, operation.length - 8);
        bytes32 reason = _reasonOf(_submitter(1), _tampered(operation, index, change));
        if (index < 20 || index >= 24) vm.assertTrue(reason != 0, "refused");
        vm.assertTrue(_available(1) >= 700, "never more than signed");
    }

    function testFuzz_OneChangedByteOfATransferIsRefused(uint256 index, uint8 change) public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        bytes memory operation = _transfer(1, 2, 300);
        index = bound(index, 0, operation.length - 8);
        bytes32 reason = _reasonOf(ATTESTER, _tampered(operation, index, change));
        if (index < 40 || index >= 44) vm.assertTrue(reason != 0, "refused");
        vm.assertTrue(_available(1) >= 700, "never more than signed");
        vm.assertEq(_available(1) + _available(2), 1000, "nothing lost");
    }

    /// @dev The same, of what partners sign: whoever changes one byte of it has no signature.
    function testFuzz_OneChangedByteOfASubmissionSkipsIt(uint256 index, uint8 change) public {
        Submission[] memory batch = new Submission[](1);
        batch[0] = _submission(_submitter(1), _purchase(1, 1, 1000));
        bytes memory operations = batch[0].operations;
        index %= operations.length;
        operations[index] = bytes1(uint8(operations[index]) ^ (change == 0 ? 1 : change));
        vm.recordLogs();
        ledger.settle(batch);
        bytes32[] memory reasons = _reasons();
        vm.assertEq(reasons.length, 1, "skipped");
        vm.assertTrue(reasons[0] == "bad_signature" || reasons[0] == "malformed_submission", "why");
        vm.assertEq(ledger.totalSupply(), 0, "nothing moved");
    }
}
