// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {DelegateTerms, IPointsLedger, Submission} from "../src/interfaces/IPointsLedger.sol";
import {Vm} from "./Test.sol";

/// @notice Submissions and batches: who may settle what, once, and without harm to others.
contract SettlingTest is LedgerFixture {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 11_000, 8000, 100);
        _enrol(1);
    }

    function _settleAll(Submission[] memory batch) internal returns (bytes32[] memory reasons) {
        vm.recordLogs();
        ledger.settle(batch);
        return _reasons();
    }

    function _settleOne(Submission memory submission) internal returns (bytes32[] memory) {
        Submission[] memory batch = new Submission[](1);
        batch[0] = submission;
        return _settleAll(batch);
    }

    function _assertReason(bytes32[] memory reasons, bytes32 expected) internal pure {
        vm.assertEq(reasons.length, 1, "one refusal");
        vm.assertEq(reasons[0], expected, "reason");
    }

    function test_PurchaseMovesTheBalance() public {
        _settle(_submitter(1), _purchase(1, 1, 12_345));
        vm.assertEq(ledger.balanceOf(_member(1)), 12_345, "balance");
        vm.assertEq(ledger.totalSupply(), 12_345, "supply");
        vm.assertEq(ledger.positionOf(1).base, int256(123_450_000), "base");
    }

    function test_SameBytesTwiceCountOnce() public {
        Submission memory submission = _submission(_submitter(1), _purchase(1, 1, 100));
        vm.assertEq(_settleOne(submission).length, 0, "first");
        vm.assertEq(_settleOne(submission).length, 0, "a repeat is silent");
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "counted once");
    }

    function test_SequenceUsedByAnotherSubmissionIsIgnored() public {
        _settle(_submitter(1), _purchase(1, 1, 100));
        bytes memory again = _framedAs(0x01, 1, abi.encodePacked(_member(1), uint40(999), TODAY));
        vm.assertEq(_settleOne(_submission(_submitter(1), again)).length, 0, "silent");
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "counted once");
    }

    function test_RejectedOperationUsesUpItsIdAndNothingElse() public {
        _assertReason(_settleOne(_submission(_submitter(1), _purchase(1, 1, 0))), "invalid_amount");
        vm.assertTrue(ledger.isUsed((uint64(_submitter(1)) << 32) | lastSequence[_submitter(1)]), "used");
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "nothing else");
    }

    function test_SkipsAForeignSignatureAndSettlesTheRest() public {
        Submission[] memory batch = new Submission[](2);
        batch[0] = _submissionBy(999, _submitter(1), NO_DEADLINE, _purchase(1, 1, 100));
        batch[1] = _submission(_submitter(2), _purchase(2, 1, 100));
        _assertReason(_settleAll(batch), "bad_signature");
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "the other settled");
        vm.assertTrue(!ledger.isUsed((uint64(_submitter(1)) << 32) | 1), "no id used");
    }

    function test_SkipsASubmissionPastItsDeadline() public {
        Submission memory late = _submissionBy(101, _submitter(1), uint48(block.timestamp - 1), _purchase(1, 1, 100));
        _assertReason(_settleOne(late), "deadline_passed");
        Submission memory inTime = _submissionBy(101, _submitter(1), uint48(block.timestamp), late.operations);
        vm.assertEq(_settleOne(inTime).length, 0, "the same sequence again");
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "settled");
    }

    function test_SkipsUnknownSubmittersAndBrokenFraming() public {
        Submission memory unknown = _submissionBy(101, _submitter(9), NO_DEADLINE, _purchase(1, 1, 100));
        _assertReason(_settleOne(unknown), "unknown_submitter");
        _assertReason(_settleOne(_submission(_submitter(1), "")), "malformed_submission");
        _assertReason(_settleOne(_submission(_submitter(1), hex"00")), "malformed_submission");
        _assertReason(_settleOne(_submission(_submitter(1), hex"0004010000")), "malformed_submission");
        bytes memory cut = abi.encodePacked(_purchase(1, 1, 100), hex"00");
        _assertReason(_settleOne(_submission(_submitter(1), cut)), "malformed_submission");
    }

    function test_RejectsUnknownKindsAndWrongBodiesAlone() public {
        bytes memory operations = bytes.concat(
            _framed(0x7f, _submitter(1), hex"00"), _framed(0x01, _submitter(1), hex"0102"), _purchase(1, 1, 100)
        );
        bytes32[] memory reasons = _settleOne(_submission(_submitter(1), operations));
        vm.assertEq(reasons.length, 2, "two refusals");
        vm.assertEq(reasons[0], "malformed_operation", "kind");
        vm.assertEq(reasons[1], "malformed_operation", "body");
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "the third settled");
    }

    /// @dev Every kind with every length of body up to 200: no bytes may stop a submission or the batch.
    function testFuzz_NoBytesStopASubmission(uint8 kind, bytes memory body) public {
        vm.assume(body.length < 1000);
        bytes memory operations = bytes.concat(_framed(kind, _submitter(1), body), _purchase(1, 2, 77));
        vm.recordLogs();
        _settle(_submitter(1), operations);
        bytes32[] memory reasons = _reasons();
        for (uint256 i = 0; i < reasons.length; ++i) {
            vm.assertTrue(reasons[i] != "execution_failed" && reasons[i] != "out_of_gas", "isolated");
        }
        vm.assertTrue(ledger.balanceOf(_member(2)) >= 77, "the next settled");
    }

    function testFuzz_NoBytesStopAnAttester(uint8 kind, bytes memory body) public {
        vm.assume(body.length < 1000);
        vm.recordLogs();
        _settle(ATTESTER, bytes.concat(_framed(kind, ATTESTER, body), _enrolment(7)));
        vm.assertTrue(ledger.memberOf(_member(7)).keyKind == 1, "the next settled");
    }

    function test_StarvedSubmissionUsesUpNothing() public {
        Submission memory starved = _submission(_submitter(1), _purchase(1, 1, 100));
        starved.gasAllowance = 30_000;
        Submission[] memory batch = new Submission[](2);
        batch[0] = starved;
        batch[1] = _submission(_submitter(2), _purchase(2, 1, 50));
        _assertReason(_settleAll(batch), "out_of_gas");
        vm.assertEq(ledger.balanceOf(_member(1)), 50, "the other settled");
        starved.gasAllowance = 1_000_000;
        vm.assertEq(_settleOne(starved).length, 0, "again, with enough");
        vm.assertEq(ledger.balanceOf(_member(1)), 150, "settled");
    }

    function test_AllowanceBeyondTheTransactionIsSkippedNotReverted() public {
        Submission memory greedy = _submission(_submitter(1), _purchase(1, 1, 100));
        greedy.gasAllowance = type(uint32).max;
        Submission[] memory batch = new Submission[](1);
        batch[0] = greedy;
        vm.recordLogs();
        ledger.settle{gas: 2_000_000}(batch);
        _assertReason(_reasons(), "out_of_gas");
    }

    function test_OnlyTheLedgerSettlesOne() public {
        (bool success, bytes memory failure) = address(ledger)
            .call(
                abi.encodeWithSignature(
                    "settleOne((uint32,uint48,uint32,bytes,bytes))", _submission(_submitter(1), _purchase(1, 1, 1))
                )
            );
        vm.assertTrue(!success, "refused");
        bytes memory refusal = abi.encodeWithSelector(IPointsLedger.NotSelf.selector, address(this));
        vm.assertEq(keccak256(failure), keccak256(refusal), "only itself");
    }

    function test_PartnersCannotDoWhatAttestersDo() public {
        bytes memory enrolment = abi.encodePacked(_member(3), vm.addr(3), uint8(1));
        _assertReason(_settleOne(_submission(_submitter(1), _framed(0x10, _submitter(1), enrolment))), "not_permitted");
        _assertReason(
            _settleOne(_submission(ATTESTER, _framed(0x01, ATTESTER, abi.encodePacked(_member(1), uint40(1), TODAY)))),
            "not_permitted"
        );
    }

    function test_AttesterWithoutTheRoleIsNoneAtOnce() public {
        manager.revokeRole(5, vm.addr(ATTESTER_KEY));
        _assertReason(_settleOne(_submission(ATTESTER, _enrolment(3))), "submitter_expired");
    }

    /// @dev What one operation burns, cancels or issues, the next of the same submission finds.
    function test_OperationsThatBuildOnOneAnotherSettleInOneSubmission() public {
        uint32 first = lastSequence[_submitter(1)] + 1;
        bytes memory operations = bytes.concat(
            _purchase(1, 1, 1000),
            _redeem(1, 1, 400),
            _refund(1, 1, 1, first + 1, 400),
            _return(1, 1, 0, first, 300),
            _hold(1, 1, 200, FIRST_DAY),
            _capture(1, 1, 2, first + 4, 150),
            _refund(1, 1, 2, first + 5, 150),
            _grant(_submitter(1), 1, 7)
        );
        vm.assertEq(_settleOne(_submission(_submitter(1), operations)).length, 0, "all applied");
        vm.assertEq(ledger.balanceOf(_member(1)), 707, "balance");
        vm.assertEq(ledger.totals().burned, 0, "all refunded");
        vm.assertEq(ledger.totals().cancelled, 300, "cancelled");
        vm.assertEq(ledger.positionOf(1).net, int256(707 * 10_000), "position");
        vm.assertEq(ledger.positionOf(1).reimbursed, int256(0), "reimbursed");
    }

    // ---------------------------------------------------------------- delegates

    function _setDelegate(uint32 kinds, uint32 most, uint48 mostADay, uint48 until)
        internal
        returns (uint32 submitter)
    {
        submitter = _submitter(1) + 1;
        DelegateTerms memory terms = DelegateTerms({
            key: vm.addr(77), validUntil: until, kindsAllowed: kinds, operationPointsMax: most, dayPointsMax: mostADay
        });
        (, uint32 version) = ledger.delegateOf(submitter);
        bytes32 typehash = keccak256(
            "Delegate(uint32 submitter,address key,uint48 validUntil,uint32 kindsAllowed,uint32 operationPointsMax,uint48 dayPointsMax,uint32 version)"
        );
        bytes32 digest = _digest(keccak256(abi.encode(typehash, submitter, terms, version + 1)));
        ledger.setDelegate(submitter, terms, _sign(101, digest));
    }

    function _byDelegate(uint40 spend) internal returns (bytes32[] memory) {
        uint32 submitter = _submitter(1) + 1;
        bytes memory operation = _framed(0x01, submitter, abi.encodePacked(_member(1), spend, TODAY));
        return _settleOne(_submissionBy(77, submitter, NO_DEADLINE, operation));
    }

    function test_DelegateSettlesWithinItsLimits() public {
        _setDelegate(1 << 1, 100, 250, NO_DEADLINE);
        vm.assertEq(_byDelegate(100).length, 0, "within");
        _assertReason(_byDelegate(101), "delegate_limit_exceeded");
        vm.assertEq(_byDelegate(100).length, 0, "200 of 250");
        _assertReason(_byDelegate(51), "delegate_limit_exceeded");
        _nextDay();
        vm.assertEq(_byDelegate(51).length, 0, "another day");
        vm.assertEq(ledger.balanceOf(_member(1)), 251, "balance");
        vm.assertEq(ledger.positionOf(1).base, int256(2_510_000), "the partner pays");
    }

    function test_DelegateOfOtherKindsIsNotPermitted() public {
        _setDelegate(1 << 3, 100, 250, NO_DEADLINE);
        _assertReason(_byDelegate(1), "not_permitted");
    }

    function test_ExpiredAndRevokedDelegatesAreRefused() public {
        _setDelegate(1 << 1, 100, 250, uint48(block.timestamp - 1));
        _assertReason(_byDelegate(1), "submitter_expired");
        _setDelegate(0, 0, 0, 0);
        _assertReason(_byDelegate(1), "submitter_expired");
    }

    function test_RevertWhen_DelegateTermsAreReplayed() public {
        uint32 submitter = _submitter(1) + 1;
        DelegateTerms memory terms = DelegateTerms(vm.addr(77), NO_DEADLINE, 2, 100, 100);
        bytes32 typehash = keccak256(
            "Delegate(uint32 submitter,address key,uint48 validUntil,uint32 kindsAllowed,uint32 operationPointsMax,uint48 dayPointsMax,uint32 version)"
        );
        bytes memory signature = _sign(101, _digest(keccak256(abi.encode(typehash, submitter, terms, uint32(1)))));
        ledger.setDelegate(submitter, terms, signature);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.setDelegate(submitter, terms, signature);
    }
}
