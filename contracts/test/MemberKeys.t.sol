// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberSigning} from "./MemberSigning.sol";
import {ProgramTerms} from "../src/interfaces/IPointsLedger.sol";

/// @notice What members sign, and who else cannot: keys, passkeys, lock, freeze, allowance, recovery.
contract MemberKeysTest is MemberSigning {
    uint256 private constant PASSKEY = 4242;

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _enrol(1);
        _settle(_submitter(1), _purchase(1, 1, 1000));
    }

    function _redeemWith(bytes memory authorisation, uint32 points) private returns (bytes32) {
        bytes memory body = abi.encodePacked(_member(1), points, authorisation);
        return _reasonOf(_submitter(1), _framed(0x03, _submitter(1), body));
    }

    function test_MemberKeyBurns() public {
        vm.assertEq(_reasonOf(_submitter(1), _redeem(1, 1, 400)), bytes32(0), "accepted");
        vm.assertEq(ledger.balanceOf(_member(1)), 600, "balance");
        vm.assertEq(ledger.positionOf(1).reimbursed, int256(3_200_000), "reimbursed");
    }

    function test_PartnerAloneNeverBurns() public {
        vm.assertEq(
            _redeemWith(_redeemAuthorisationBy(101, 1, 1, 1, 400, 1), 400),
            bytes32("bad_authorisation"),
            "partner's key"
        );
        vm.assertEq(
            _redeemWith(_redeemAuthorisationBy(101, 3, 1, 1, 400, 1), 400), bytes32("bad_authorisation"), "as attester"
        );
        vm.assertEq(ledger.balanceOf(_member(1)), 1000, "nothing burned");
    }

    function test_AuthorisationIsForOnePartner() public {
        bytes memory authorisation = _redeemAuthorisation(2, 1, 400, 1);
        vm.assertEq(_redeemWith(authorisation, 400), bytes32("bad_authorisation"), "partner 2's code at partner 1");
    }

    function test_AuthorisationCountsOnceAndUpToItsMost() public {
        bytes memory authorisation = _redeemAuthorisation(1, 1, 400, 1);
        vm.assertEq(_redeemWith(authorisation, 401), bytes32("authorisation_exceeded"), "more than signed");
        vm.assertEq(_redeemWith(authorisation, 399), bytes32(0), "less than signed");
        vm.assertEq(_redeemWith(authorisation, 1), bytes32("nonce_used"), "again");
    }

    function test_NoncesMaySkipAndComeLateWithinTheWindow() public {
        vm.assertEq(_redeemWith(_redeemAuthorisation(1, 1, 1, 40), 1), bytes32(0), "skips ahead");
        vm.assertEq(_redeemWith(_redeemAuthorisation(1, 1, 1, 8), 1), bytes32(0), "32 behind");
        vm.assertEq(_redeemWith(_redeemAuthorisation(1, 1, 1, 7), 1), bytes32("nonce_used"), "33 behind");
        vm.assertEq(_redeemWith(_redeemAuthorisation(1, 1, 1, 8), 1), bytes32("nonce_used"), "again");
        vm.assertEq(_redeemWith(_redeemAuthorisation(1, 1, 1, 297), 1), bytes32("nonce_out_of_range"), "too far");
        vm.assertEq(_redeemWith(_redeemAuthorisation(1, 1, 1, 41), 1), bytes32(0), "next");
        vm.assertEq(
            _redeemWith(_redeemAuthorisation(1, 1, 1, 40), 1), bytes32("nonce_used"), "remembers across a shift"
        );
        vm.assertEq(_redeemWith(_redeemAuthorisation(1, 1, 1, 0), 1), bytes32("nonce_used"), "0 is never used");
    }

    function testFuzz_EachNonceCountsOnce(uint8[8] memory offsets) public {
        for (uint256 i = 0; i < offsets.length; ++i) {
            uint24 nonce = uint24(offsets[i]) + 1;
            bytes memory authorisation = _redeemAuthorisation(1, 1, 1, nonce);
            uint256 before = ledger.balanceOf(_member(1));
            _redeemWith(authorisation, 1);
            _redeemWith(authorisation, 1);
            vm.assertTrue(before - ledger.balanceOf(_member(1)) <= 1, "at most once");
        }
    }

    function test_UnknownMemberCannotSpend() public {
        _settle(_submitter(1), _purchase(1, 2, 1000));
        vm.assertEq(_reasonOf(_submitter(1), _redeem(1, 2, 1)), bytes32("unknown_member"), "not enrolled");
    }

    function test_LockByAttesterIsLiftedByTheMemberOnly() public {
        _settle(ATTESTER, _framed(0x13, ATTESTER, abi.encodePacked(_member(1))));
        vm.assertEq(_reasonOf(_submitter(1), _redeem(1, 1, 1)), bytes32("member_locked"), "locked");
        bytes memory byAttester =
            _signed(0x14, "", "Unlock(address member,uint24 nonce,uint48 deadline)", ATTESTER_KEY, 3);
        vm.assertEq(_reasonOf(ATTESTER, byAttester), bytes32("bad_authorisation"), "not by the attester");
        bytes memory byMember =
            _signed(0x14, "", "Unlock(address member,uint24 nonce,uint48 deadline)", _memberKey(1), 1);
        vm.assertEq(_reasonOf(ATTESTER, byMember), bytes32(0), "by the member");
        vm.assertEq(_reasonOf(_submitter(1), _redeem(1, 1, 1)), bytes32(0), "spends again");
    }

    function test_FreezeByTheOperatorIsApart() public {
        ledger.freezeMember(_member(1), 7);
        vm.assertEq(_reasonOf(_submitter(1), _redeem(1, 1, 1)), bytes32("member_frozen"), "frozen");
        vm.assertEq(ledger.memberOf(_member(1)).freezeReason, 7, "reason code");
        ledger.unfreezeMember(_member(1));
        vm.assertEq(_reasonOf(_submitter(1), _redeem(1, 1, 1)), bytes32(0), "spends again");
    }

    function test_AttesterSpendsWithinTheAllowanceOnly() public {
        vm.assertEq(
            _redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 10, 20), 10),
            bytes32("allowance_exceeded"),
            "0 until set"
        );
        lastNonce[_member(1)] = 30;
        string memory typeText = "SetAllowance(address member,uint32 pointsPerDay,uint24 nonce,uint48 deadline)";
        vm.assertEq(
            _reasonOf(ATTESTER, _signed(0x15, abi.encodePacked(uint32(100)), typeText, _memberKey(1), 1)),
            bytes32(0),
            "set"
        );
        vm.assertEq(_redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 60, 40), 60), bytes32(0), "60 of 100");
        vm.assertEq(
            _redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 60, 41), 41), bytes32("allowance_exceeded"), "101"
        );
        _nextDay();
        vm.assertEq(_redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 60, 41), 60), bytes32(0), "next day");
    }

    function test_KeysAreAddedAndRemovedByTheMember() public {
        string memory add = "AddKey(address member,address key,uint8 kind,uint24 nonce,uint48 deadline)";
        string memory remove = "RemoveKey(address member,address key,uint24 nonce,uint48 deadline)";
        bytes memory second = abi.encodePacked(vm.addr(2002), uint8(1));
        vm.assertEq(
            _reasonOf(ATTESTER, _signed(0x11, second, add, 2002, 1)), bytes32("bad_authorisation"), "not by itself"
        );
        vm.assertEq(_reasonOf(ATTESTER, _signed(0x11, second, add, _memberKey(1), 1)), bytes32(0), "added");
        vm.assertEq(
            _reasonOf(ATTESTER, _signed(0x11, second, add, _memberKey(1), 1)), bytes32("already_enrolled"), "again"
        );
        vm.assertEq(_redeemWith(_redeemAuthorisationBy(2002, 1, 1, 1, 5, 20), 5), bytes32(0), "second key spends");
        bytes memory first = abi.encodePacked(vm.addr(_memberKey(1)));
        lastNonce[_member(1)] = 20;
        vm.assertEq(_reasonOf(ATTESTER, _signed(0x12, first, remove, 2002, 1)), bytes32(0), "first removed by second");
        vm.assertEq(
            _redeemWith(_redeemAuthorisationBy(_memberKey(1), 1, 1, 1, 5, 30), 5),
            bytes32("bad_authorisation"),
            "first is void"
        );
        vm.assertEq(
            _reasonOf(ATTESTER, _signed(0x12, abi.encodePacked(vm.addr(2002)), remove, 2002, 1)),
            bytes32("last_key"),
            "last"
        );
        vm.assertEq(_reasonOf(ATTESTER, _signed(0x12, first, remove, 2002, 1)), bytes32("unknown_key"), "unknown");
    }

    function test_RecoveryWaitsAndTheOldKeyCanRefuse() public {
        bytes memory start = abi.encodePacked(_member(1), vm.addr(3003), uint8(1));
        bytes memory finish = abi.encodePacked(_member(1));
        vm.assertEq(_reasonOf(ATTESTER, _framed(0x18, ATTESTER, finish)), bytes32("no_recovery"), "none");
        _settle(ATTESTER, _framed(0x16, ATTESTER, start));
        vm.assertEq(_reasonOf(ATTESTER, _framed(0x18, ATTESTER, finish)), bytes32("recovery_not_due"), "too soon");
        string memory refuse = "RefuseRecovery(address member,uint24 nonce,uint48 deadline)";
        vm.assertEq(_reasonOf(ATTESTER, _signed(0x17, "", refuse, _memberKey(1), 1)), bytes32(0), "refused");
        vm.warp(block.timestamp + 4 days);
        vm.assertEq(_reasonOf(ATTESTER, _framed(0x18, ATTESTER, finish)), bytes32("no_recovery"), "gone");

        _settle(ATTESTER, _framed(0x16, ATTESTER, start));
        vm.warp(block.timestamp + 3 days);
        vm.assertEq(_reasonOf(ATTESTER, _framed(0x18, ATTESTER, finish)), bytes32(0), "finished");
        vm.assertEq(
            _redeemWith(_redeemAuthorisationBy(_memberKey(1), 1, 1, 1, 5, 30), 5),
            bytes32("bad_authorisation"),
            "old key"
        );
        vm.assertEq(_redeemWith(_redeemAuthorisationBy(3003, 1, 1, 1, 5, 31), 5), bytes32(0), "new key");
    }

    function test_FirstKeyOfAnIdWithPointsWaits() public {
        ProgramTerms memory terms = _programTerms();
        terms.firstKeyDelaySeconds = 1 days;
        _deploy(terms);
        _admit(1, 10_000, 8000, 100);
        lastSequence[_submitter(1)] = 0;
        lastSequence[ATTESTER] = 0;
        _settle(_submitter(1), _purchase(1, 1, 1000));
        _enrol(1);
        bytes memory authorisation = _redeemAuthorisation(1, 1, 5, 1);
        vm.assertEq(_redeemWith(authorisation, 5), bytes32("key_not_active"), "waits");
        vm.warp(block.timestamp + 1 days);
        vm.assertEq(_redeemWith(authorisation, 5), bytes32(0), "then spends");
        vm.assertEq(
            _reasonOf(ATTESTER, _framed(0x10, ATTESTER, abi.encodePacked(_member(1), vm.addr(9), uint8(1)))),
            bytes32("already_enrolled"),
            "first key only"
        );
    }

    // ---------------------------------------------------------------- passkeys

    function _redeemByPasskey(uint256 key, bytes32 relyingParty, uint24 nonce) private returns (bytes32) {
        bytes32 typehash =
            keccak256("Redeem(address member,uint16 partner,uint32 maxPoints,uint24 nonce,uint48 deadline)");
        bytes32 digest = _digest(keccak256(abi.encode(typehash, _member(5), uint16(1), uint32(10), nonce, NO_DEADLINE)));
        bytes memory authorisation =
            abi.encodePacked(uint8(2), nonce, NO_DEADLINE, uint32(10), _passkeyProof(key, digest, relyingParty));
        bytes memory body = abi.encodePacked(_member(5), uint32(10), authorisation);
        return _reasonOf(_submitter(1), _framed(0x03, _submitter(1), body));
    }

    function test_PasskeySpendsForItsRelyingPartyOnly() public {
        (uint256 x, uint256 y) = vm.publicKeyP256(PASSKEY);
        address id = address(uint160(uint256(keccak256(abi.encodePacked(x, y)))));
        _settle(ATTESTER, _framed(0x10, ATTESTER, abi.encodePacked(_member(5), id, uint8(2))));
        _settle(_submitter(1), _purchase(1, 5, 100));
        vm.assertEq(_redeemByPasskey(PASSKEY, RELYING_PARTY, 1), bytes32(0), "spends");
        vm.assertEq(_redeemByPasskey(PASSKEY, RELYING_PARTY, 1), bytes32("nonce_used"), "once");
        vm.assertEq(_redeemByPasskey(PASSKEY, sha256("elsewhere"), 2), bytes32("bad_authorisation"), "relying party");
        vm.assertEq(_redeemByPasskey(PASSKEY + 1, RELYING_PARTY, 2), bytes32("bad_authorisation"), "another passkey");
        vm.assertEq(ledger.balanceOf(_member(5)), 90, "once");
    }
}
