// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {DelegateTerms, RiskLimits} from "../src/interfaces/IPointsLedger.sol";

/// @notice What a partner, or a delegate of one, may do in one operation and in one day, and how much it may come to owe.
contract LimitsTest is LedgerFixture {
    uint32 private constant NO_OPERATION_LIMIT = type(uint32).max;
    uint48 private constant NO_DAY_LIMIT = type(uint48).max;
    uint96 private constant NO_CREDIT_LIMIT = type(uint96).max;
    uint256 private constant DELEGATE_KEY = 77;

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _enrol(1);
    }

    function _delegate(uint32 most, uint48 mostADay) private returns (uint32 submitter) {
        submitter = _submitter(1) + 1;
        DelegateTerms memory terms = DelegateTerms(vm.addr(DELEGATE_KEY), NO_DEADLINE, type(uint32).max, most, mostADay);
        (, uint32 version) = ledger.delegateOf(submitter);
        bytes32 typehash = keccak256(
            "Delegate(uint32 submitter,address key,uint48 validUntil,uint32 kindsAllowed,uint32 operationPointsMax,uint48 dayPointsMax,uint32 version)"
        );
        bytes32 digest = _digest(keccak256(abi.encode(typehash, submitter, terms, version + 1)));
        ledger.setDelegate(submitter, terms, _sign(101, digest));
    }

    function _byDelegate(uint8 kind, bytes memory body) private returns (bytes32) {
        uint32 submitter = _submitter(1) + 1;
        vm.recordLogs();
        _settleBy(DELEGATE_KEY, submitter, _framed(kind, submitter, body));
        bytes32[] memory reasons = _reasons();
        return reasons.length == 0 ? bytes32(0) : reasons[0];
    }

    function _redemption(uint32 points) private returns (bytes memory) {
        bytes memory authorisation = _redeemAuthorisation(1, 1, points, ++lastNonce[_member(1)]);
        return abi.encodePacked(_member(1), points, authorisation);
    }

    // ---------------------------------------------------------------- delegates

    function test_DelegatesDayCountsAllThatItIssuesAndSpends() public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        _delegate(100, 200);
        vm.assertEq(_byDelegate(0x09, abi.encodePacked(_member(1), uint32(80))), bytes32(0), "a grant of 80");
        vm.assertEq(_byDelegate(0x03, _redemption(100)), bytes32(0), "a redemption of 100");
        vm.assertEq(_byDelegate(0x03, _redemption(21)), bytes32("delegate_limit_exceeded"), "201");
        vm.assertEq(_byDelegate(0x03, _redemption(20)), bytes32(0), "200");
        _nextDay();
        vm.assertEq(_byDelegate(0x03, _redemption(101)), bytes32("delegate_limit_exceeded"), "101 in one");
        vm.assertEq(_byDelegate(0x03, _redemption(100)), bytes32(0), "another day");
        _apply(_submitter(1), _redeem(1, 1, 500));
    }

    function test_DelegatesHoldCounts() public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        uint32 submitter = _delegate(100, 100);
        bytes memory operation = _holdBy(submitter, 60);
        vm.assertEq(_byDelegate(0x05, operation), bytes32(0), "60");
        vm.assertEq(_byDelegate(0x05, _holdBy(submitter, 41)), bytes32("delegate_limit_exceeded"), "101");
    }

    /// @dev The body alone of what `_hold` frames.
    function _holdBy(uint32 submitter, uint32 points) private returns (bytes memory body) {
        submitter;
        bytes memory operation = _hold(1, 1, points, FIRST_DAY);
        body = new bytes(operation.length - 7);
        for (uint256 i = 0; i < body.length; ++i) {
            body[i] = operation[i + 7];
        }
    }

    function test_PartnersLimitsHoldForItsDelegates() public {
        _delegate(NO_OPERATION_LIMIT, NO_DAY_LIMIT);
        ledger.setLimits(1, RiskLimits(1_000_000, NO_OPERATION_LIMIT, NO_DAY_LIMIT, NO_DAY_LIMIT));
        bytes memory body = abi.encodePacked(_member(1), uint32(101));
        vm.assertEq(_byDelegate(0x09, body), bytes32("credit_limit_exceeded"), "the partner's credit");
        body = abi.encodePacked(_member(1), uint32(100));
        vm.assertEq(_byDelegate(0x09, body), bytes32(0), "up to it");
    }

    // ---------------------------------------------------------------- partners

    function test_OperationLimitHoldsForSpendingToo() public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        ledger.setLimits(1, RiskLimits(NO_CREDIT_LIMIT, 50, NO_DAY_LIMIT, NO_DAY_LIMIT));
        _reject(_submitter(1), _redeem(1, 1, 51), "operation_limit_exceeded");
        _reject(_submitter(1), _hold(1, 1, 51, FIRST_DAY), "operation_limit_exceeded");
        _reject(_submitter(1), _grant(_submitter(1), 1, 51), "operation_limit_exceeded");
        _apply(_submitter(1), _redeem(1, 1, 50));
        _apply(_submitter(2), _redeem(2, 1, 51));
    }

    function test_MembersDayIsAtOnePartner() public {
        ledger.setLimits(1, RiskLimits(NO_CREDIT_LIMIT, NO_OPERATION_LIMIT, 100, NO_DAY_LIMIT));
        _apply(_submitter(1), _purchase(1, 1, 60));
        _apply(_submitter(1), _grant(_submitter(1), 1, 40));
        _reject(_submitter(1), _purchase(1, 1, 1), "member_day_limit_exceeded");
        _apply(_submitter(2), _purchase(2, 1, 1000));
        _nextDay();
        _apply(_submitter(1), _purchase(1, 1, 100));
    }

    function test_PartnersDayIsOfAllMembers() public {
        ledger.setLimits(1, RiskLimits(NO_CREDIT_LIMIT, NO_OPERATION_LIMIT, NO_DAY_LIMIT, 100));
        _apply(_submitter(1), _purchase(1, 1, 60));
        _apply(_submitter(1), _purchase(1, 2, 40));
        _reject(_submitter(1), _purchase(1, 3, 1), "partner_day_limit_exceeded");
        _nextDay();
        _apply(_submitter(1), _purchase(1, 3, 100));
    }

    function test_CreditIsOpenClosedCarriedAndReserved() public {
        ledger.setLimits(1, RiskLimits(2_000_000, NO_OPERATION_LIMIT, NO_DAY_LIMIT, NO_DAY_LIMIT));
        _apply(_submitter(1), _purchase(1, 1, 100));
        ledger.closeCycle();
        _apply(_submitter(1), _purchase(1, 1, 100));
        _reject(_submitter(1), _purchase(1, 1, 1), "credit_limit_exceeded");
        _reject(_submitter(1), _grant(_submitter(1), 1, 1), "credit_limit_exceeded");
        _apply(_submitter(1), _redeem(1, 1, 100));
        _apply(_submitter(1), _grant(_submitter(1), 1, 80));
        _reject(_submitter(1), _grant(_submitter(1), 1, 1), "credit_limit_exceeded");
    }

    function test_LiftedLimitsAreNone() public {
        ledger.setLimits(1, RiskLimits(0, 0, 0, 0));
        _reject(_submitter(1), _purchase(1, 1, 1), "operation_limit_exceeded");
        ledger.setLimits(1, RiskLimits(0, NO_OPERATION_LIMIT, NO_DAY_LIMIT, NO_DAY_LIMIT));
        _reject(_submitter(1), _purchase(1, 1, 1), "credit_limit_exceeded");
        ledger.setLimits(1, RiskLimits(NO_CREDIT_LIMIT, NO_OPERATION_LIMIT, NO_DAY_LIMIT, NO_DAY_LIMIT));
        _apply(_submitter(1), _purchase(1, 1, 4_000_000_000));
    }
}
