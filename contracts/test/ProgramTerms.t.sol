// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {LedgerFixture} from "./LedgerFixture.sol";
import {Vm} from "./Test.sol";
import {IPointsLedger, ProgramTerms, Submission} from "../src/interfaces/IPointsLedger.sol";

interface SetProgram {
    function setProgram(ProgramTerms calldata terms) external;
}

/// @notice What is fixed at deployment, what the operator sets later, and each refusal.
contract ProgramTermsTest is LedgerFixture {
    function _refuseToDeploy(ProgramTerms memory terms, bytes32 field) private {
        address core = _deployCore();
        bytes memory setUpCall = _initialization(terms);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidTerms.selector, field));
        new ERC1967Proxy(core, setUpCall);
    }

    function test_RevertWhen_ProgramIsOutOfBounds() public {
        ProgramTerms memory terms = _programTerms();
        terms.currencyDecimals = 4;
        _refuseToDeploy(terms, "currencyDecimals");
        terms.currencyDecimals = 3;
        terms.lotValidityDays = 500_001;
        _refuseToDeploy(terms, "lotValidityDays");
        terms.lotValidityDays = terms.returnWindowDays - 1;
        _refuseToDeploy(terms, "lotValidityDays");
        terms.lotValidityDays = terms.returnWindowDays;
        terms.latePostingDays = terms.returnWindowDays + 1;
        _refuseToDeploy(terms, "returnWindowDays");
        terms.latePostingDays = terms.returnWindowDays;
        terms.operatorKey = address(0);
        _refuseToDeploy(terms, "operatorKey");
        terms.operatorKey = address(1);
        _deploy(terms);
    }

    function test_TermsAreToldAndRead() public {
        ProgramTerms memory terms = _programTerms();
        (terms.currency, terms.currencyDecimals, terms.dayOffsetSeconds) = ("JPY", 0, -5 hours);
        address core = _deployCore();
        bytes memory setUpCall = _initialization(terms);
        vm.recordLogs();
        ledger = IPointsLedger(address(new ERC1967Proxy(core, setUpCall)));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bool isTold = false;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == ProgramSet.selector) {
                isTold = keccak256(logs[i].data) == keccak256(abi.encode(terms));
            }
        }
        vm.assertTrue(isTold, "told");
        vm.assertEq(keccak256(abi.encode(ledger.programTerms())), keccak256(abi.encode(terms)), "read");
    }

    function test_DayIsCountedInTheProgramsTime() public {
        ProgramTerms memory terms = _programTerms();
        terms.dayOffsetSeconds = -5 hours;
        _deploy(terms);
        vm.warp(10 days + 5 hours - 1);
        vm.assertEq(ledger.today(), 9, "a second before its midnight");
        vm.warp(10 days + 5 hours);
        vm.assertEq(ledger.today(), 10, "its midnight");
        vm.warp(1 hours);
        vm.assertEq(ledger.today(), 0, "no day before the first");
    }

    function test_RevertWhen_TheProgramIsSetAgain() public {
        ProgramTerms memory terms = _programTerms();
        vm.expectRevert(Initializable.NotInitializing.selector);
        SetProgram(address(ledger)).setProgram(terms);
        bytes memory again = _initialization(terms);
        (bool success,) = address(ledger).call(again);
        vm.assertTrue(!success, "initialised once");
    }

    // ---------------------------------------------------------------- the operator's acts

    function _expectInvalid(bytes32 field) private {
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidTerms.selector, field));
    }

    function test_RevertWhen_ActsAreOutOfBounds() public {
        _expectInvalid("reasonCode");
        ledger.freezeMember(_member(1), 0);
        _expectInvalid("kind");
        ledger.setOperationPaused(64, true);
        _expectInvalid("day");
        ledger.touchThrough(_member(1), FIRST_DAY + 1);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.NotProposed.selector, address(this)));
        ledger.acceptOperatorKey();
    }

    function test_OperatorKeyIsAcceptedOnce() public {
        ledger.proposeOperatorKey(vm.addr(8));
        ledger.proposeOperatorKey(vm.addr(9));
        vm.prank(vm.addr(8));
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.NotProposed.selector, vm.addr(8)));
        ledger.acceptOperatorKey();
        vm.prank(vm.addr(9));
        ledger.acceptOperatorKey();
        vm.prank(vm.addr(9));
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.NotProposed.selector, vm.addr(9)));
        ledger.acceptOperatorKey();
        vm.assertEq(ledger.programTerms().operatorKey, vm.addr(9), "the last proposed");
        Submission[] memory batch = new Submission[](1);
        batch[0] = _submissionBy(9, 0, NO_DEADLINE, _grant(0, 1, 5));
        ledger.settle(batch);
        vm.assertEq(ledger.balanceOf(_member(1)), 5, "it grants");
    }

    function test_EveryKindCanBePaused() public {
        _admit(1, 10_000, 8000, 100);
        uint8[10] memory partnerKinds = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x09, 0x20, 0x21];
        uint8[10] memory attesterKinds = [0x08, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];
        for (uint256 i = 0; i < 10; ++i) {
            ledger.setOperationPaused(partnerKinds[i], true);
            _reject(_submitter(1), _framed(partnerKinds[i], _submitter(1), ""), "operation_paused");
            ledger.setOperationPaused(partnerKinds[i], false);
            _reject(_submitter(1), _framed(partnerKinds[i], _submitter(1), ""), "malformed_operation");
            ledger.setOperationPaused(attesterKinds[i], true);
            _reject(ATTESTER, _framed(attesterKinds[i], ATTESTER, ""), "operation_paused");
            ledger.setOperationPaused(attesterKinds[i], false);
            _reject(ATTESTER, _framed(attesterKinds[i], ATTESTER, ""), "malformed_operation");
        }
    }
}
