// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {DelegateTerms, IPointsLedger, PartnerTerms, PartnerView, RiskLimits} from "../src/interfaces/IPointsLedger.sol";

/// @notice Admission, terms, keys and delegates of partners, and each refusal.
contract PartnersTest is LedgerFixture {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _enrol(1);
    }

    function _expectInvalid(bytes32 field) private {
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidTerms.selector, field));
    }

    function _expectUnknown(uint16 partner) private {
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.UnknownPartner.selector, partner));
    }

    // ---------------------------------------------------------------- admission

    function test_AdmittedPartnersEarnNothingUntilTermsAreRecorded() public {
        ledger.admitPartner(2, "Second", vm.addr(102));
        PartnerView memory p = ledger.partnerOf(2);
        vm.assertEq(p.name, "Second", "name");
        vm.assertEq(p.key, vm.addr(102), "key");
        vm.assertTrue(p.earnRate == 0 && p.issuePriceMicro == 0 && p.redeemPriceMicro == 0, "no prices");
        vm.assertEq(ledger.partnerCount(), 2, "count");
        _apply(_submitter(2), _purchase(2, 1, 100));
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "nothing earned");
    }

    function test_RevertWhen_AdmissionIsWrong() public {
        _expectUnknown(3);
        ledger.admitPartner(3, "Third", address(3));
        _expectUnknown(1);
        ledger.admitPartner(1, "First", address(3));
        _expectUnknown(0);
        ledger.admitPartner(0, "Operator", address(3));
        _expectInvalid("key");
        ledger.admitPartner(2, "Second", address(0));
        _expectInvalid("name");
        ledger.admitPartner(2, "", address(3));
        _expectInvalid("name");
        ledger.admitPartner(2, string(new bytes(65)), address(3));
        ledger.admitPartner(2, string(new bytes(64)), address(3));
    }

    function test_RevertWhen_PartnersAreTooMany() public {
        vm.pauseGasMetering();
        for (uint16 p = 2; p <= 4096; ++p) {
            ledger.admitPartner(p, "Partner", address(3));
        }
        bytes32 what = "partners";
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.TooMany.selector, what, uint256(4096)));
        ledger.admitPartner(4097, "Partner", address(3));
        vm.resumeGasMetering();
    }

    // ---------------------------------------------------------------- terms

    function _terms() private view returns (PartnerTerms memory) {
        return PartnerTerms(1, ledger.partnerOf(1).version + 1, 1, 2, 3, 0);
    }

    function _record(PartnerTerms memory terms) private {
        ledger.recordTerms(terms, _signedTerms(terms, 101, OPERATOR_KEY));
    }

    function test_RevertWhen_TermsAreOutOfBounds() public {
        bytes[] memory signatures = new bytes[](2);
        PartnerTerms memory terms = _terms();
        terms.issuePriceMicro = 1_000_000_001;
        _expectInvalid("issuePriceMicro");
        ledger.recordTerms(terms, signatures);
        terms.issuePriceMicro = 1_000_000_000;
        terms.redeemPriceMicro = 1_000_000_001;
        _expectInvalid("redeemPriceMicro");
        ledger.recordTerms(terms, signatures);
        terms.redeemPriceMicro = 1_000_000_000;
        terms.earnRate = 10_001;
        _expectInvalid("earnRate");
        ledger.recordTerms(terms, signatures);
        terms.earnRate = 10_000;
        terms.effectiveDay = 1 << 20;
        _expectInvalid("effectiveDay");
        ledger.recordTerms(terms, signatures);
        terms.effectiveDay = 0;
        _expectInvalid("signatures");
        ledger.recordTerms(terms, new bytes[](3));
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.recordTerms(terms, signatures);
        _record(terms);
    }

    function test_RevertWhen_TermsAreOfAStranger() public {
        PartnerTerms memory terms = PartnerTerms(2, 1, 1, 2, 3, 0);
        _expectUnknown(2);
        ledger.recordTerms(terms, new bytes[](2));
        terms.partner = 0;
        _expectUnknown(0);
        ledger.recordTerms(terms, new bytes[](2));
    }

    function test_LaterTermsReplaceThoseThatWait() public {
        PartnerTerms memory waiting = _terms();
        (waiting.earnRate, waiting.effectiveDay) = (200, FIRST_DAY + 3);
        _record(waiting);
        PartnerTerms memory sooner = _terms();
        (sooner.earnRate, sooner.effectiveDay) = (300, FIRST_DAY + 1);
        _record(sooner);
        _pass(3);
        _apply(_submitter(1), _purchase(1, 1, 100));
        vm.assertEq(ledger.balanceOf(_member(1)), 300, "the later version");
    }

    function test_TermsThatFellDueComeBeforeThoseRecordedAfter() public {
        PartnerTerms memory due = _terms();
        (due.earnRate, due.effectiveDay) = (200, FIRST_DAY + 1);
        _record(due);
        _pass(2);
        PartnerTerms memory later = _terms();
        (later.earnRate, later.effectiveDay) = (300, FIRST_DAY + 5);
        _record(later);
        _apply(_submitter(1), _purchase(1, 1, 100));
        vm.assertEq(ledger.balanceOf(_member(1)), 200, "in force since they fell due");
        _pass(3);
        _apply(_submitter(1), _purchase(1, 1, 100));
        vm.assertEq(ledger.balanceOf(_member(1)), 500, "then the later ones");
    }

    // ---------------------------------------------------------------- keys

    function _rotation(address key, uint48 until, uint32 version) private view returns (bytes memory) {
        bytes32 typehash = keccak256("RotateKey(uint16 partner,address key,uint48 previousKeyUntil,uint32 version)");
        return _sign(101, _digest(keccak256(abi.encode(typehash, uint16(1), key, until, version))));
    }

    function test_RevertWhen_RotationIsWrong() public {
        bytes memory signature = _rotation(vm.addr(5), 0, 1);
        _expectInvalid("key");
        ledger.rotatePartnerKey(1, address(0), 0, signature);
        _expectUnknown(2);
        ledger.rotatePartnerKey(2, vm.addr(5), 0, signature);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.rotatePartnerKey(1, vm.addr(6), 0, signature);
        ledger.rotatePartnerKey(1, vm.addr(5), 0, signature);
        // Back to the first key, and the same signature again: its version is used up.
        ledger.replacePartnerKey(1, vm.addr(101));
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.rotatePartnerKey(1, vm.addr(5), 0, signature);
    }

    function test_ReplacedKeyIsVoidAtOnce() public {
        ledger.replacePartnerKey(1, vm.addr(5));
        _reject(_submitter(1), _purchase(1, 1, 1), "bad_signature");
        _settleBy(5, _submitter(1), _purchase(1, 1, 1));
        vm.assertEq(ledger.balanceOf(_member(1)), 1, "the new one signs");
        _expectInvalid("key");
        ledger.replacePartnerKey(1, address(0));
        _expectUnknown(2);
        ledger.replacePartnerKey(2, vm.addr(5));
    }

    function test_SuspendingTwiceSaysItOnce() public {
        vm.recordLogs();
        ledger.suspendPartner(1);
        ledger.suspendPartner(1);
        vm.assertEq(vm.getRecordedLogs().length, 1, "suspended");
        vm.assertTrue(ledger.partnerOf(1).suspended, "suspended");
        ledger.reinstatePartner(1);
        ledger.reinstatePartner(1);
        vm.assertEq(vm.getRecordedLogs().length, 1, "reinstated");
        _expectUnknown(2);
        ledger.suspendPartner(2);
        _expectUnknown(2);
        ledger.setLimits(2, RiskLimits(0, 0, 0, 0));
    }

    // ---------------------------------------------------------------- delegates and attesters

    function _delegation(uint32 submitter, DelegateTerms memory terms) private view returns (bytes memory) {
        bytes32 typehash = keccak256(
            "Delegate(uint32 submitter,address key,uint48 validUntil,uint32 kindsAllowed,uint32 operationPointsMax,uint48 dayPointsMax,uint32 version)"
        );
        (, uint32 version) = ledger.delegateOf(submitter);
        return _sign(101, _digest(keccak256(abi.encode(typehash, submitter, terms, version + 1))));
    }

    function test_RevertWhen_DelegationIsWrong() public {
        DelegateTerms memory terms = DelegateTerms(vm.addr(7), NO_DEADLINE, 2, 10, 10);
        bytes memory signature = _delegation(_submitter(1), terms);
        _expectInvalid("slot");
        ledger.setDelegate(_submitter(1), terms, signature);
        _expectUnknown(2);
        ledger.setDelegate(_submitter(2) + 1, terms, signature);
        _expectUnknown(0);
        ledger.setDelegate(1, terms, signature);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.setDelegate(_submitter(1) + 1, terms, signature);
        _expectInvalid("slot");
        ledger.setAttester(0, vm.addr(7), NO_DEADLINE);
    }

    function test_DelegateIsSetAndRevoked() public {
        uint32 submitter = _submitter(1) + 3;
        DelegateTerms memory terms = DelegateTerms(vm.addr(7), NO_DEADLINE, 1 << 9, 10, 10);
        ledger.setDelegate(submitter, terms, _delegation(submitter, terms));
        (DelegateTerms memory set, uint32 version) = ledger.delegateOf(submitter);
        vm.assertTrue(set.key == vm.addr(7) && set.kindsAllowed == 1 << 9 && version == 1, "as signed");
        bytes32 reason = _reasonBy(7, submitter, _grant(submitter, 1, 5));
        vm.assertEq(reason, bytes32(0), "it grants");
        vm.assertEq(_reasonBy(8, submitter, _grant(submitter, 1, 5)), bytes32("bad_signature"), "another key");
        vm.assertEq(_reasonBy(7, submitter + 1, _grant(submitter, 1, 5)), bytes32("unknown_submitter"), "another slot");
        // A kind that partners do not have is not had by being allowed.
        DelegateTerms memory all = DelegateTerms(vm.addr(7), NO_DEADLINE, type(uint32).max, 10, 10);
        ledger.setDelegate(submitter, all, _delegation(submitter, all));
        bytes memory lock = _framed(0x13, submitter, abi.encodePacked(_member(1)));
        vm.assertEq(_reasonBy(7, submitter, lock), bytes32("not_permitted"), "no attester");
        DelegateTerms memory none;
        ledger.setDelegate(submitter, none, _delegation(submitter, none));
        vm.assertEq(_reasonBy(7, submitter, _grant(submitter, 1, 5)), bytes32("unknown_submitter"), "revoked");
    }

    function _reasonBy(uint256 key, uint32 submitter, bytes memory operation) private returns (bytes32) {
        vm.recordLogs();
        _settleBy(key, submitter, operation);
        bytes32[] memory reasons = _reasons();
        return reasons.length == 0 ? bytes32(0) : reasons[0];
    }

    function test_rejects_WhatTheOperatorsKeyMayNotSettle() public {
        for (uint8 kind = 1; kind <= 0x21; ++kind) {
            if (kind == 9 || (kind > 9 && kind < 0x10) || (kind > 0x18 && kind < 0x20)) continue;
            _reject(0, _framed(kind, 0, hex"00"), "not_permitted");
        }
    }

    function test_RegisteredAttesterNeedsTheRoleToo() public {
        ledger.setAttester(2, vm.addr(60), NO_DEADLINE);
        bytes memory lock = _framed(0x13, 2, abi.encodePacked(_member(1)));
        vm.assertEq(_reasonBy(60, 2, lock), bytes32("submitter_expired"), "no role");
        manager.grantRole(5, vm.addr(60), 0);
        vm.assertEq(_reasonBy(60, 2, lock), bytes32(0), "with it");
        vm.assertTrue(ledger.memberOf(_member(1)).locked, "locked");
    }
}
