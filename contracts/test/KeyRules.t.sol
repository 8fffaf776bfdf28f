// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberSigning} from "./MemberSigning.sol";
import {ProgramTerms} from "../src/interfaces/IPointsLedger.sol";

/// @notice What is refused of members' authorisations and of operations on their keys, and what each leaves.
contract KeyRulesTest is MemberSigning {
    uint256 private constant PASSKEY = 77;

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _enrol(1);
        _apply(_submitter(1), _purchase(1, 1, 1000));
    }

    function _redeemWith(bytes memory authorisation, bytes32 reason) private {
        bytes memory body = abi.encodePacked(_member(1), uint32(5), authorisation);
        bytes memory operation = _framed(0x03, _submitter(1), body);
        if (reason == 0) _apply(_submitter(1), operation);
        else _reject(_submitter(1), operation, reason);
    }

    function _redemption(uint256 key, uint24 nonce, uint48 deadline) private view returns (bytes32 digest) {
        key;
        bytes32 typehash =
            keccak256("Redeem(address member,uint16 partner,uint32 maxPoints,uint24 nonce,uint48 deadline)");
        return _digest(keccak256(abi.encode(typehash, _member(1), uint16(1), uint32(5), nonce, deadline)));
    }

    function _authorisation(uint256 key, uint24 nonce, uint48 deadline) private view returns (bytes memory) {
        return abi.encodePacked(uint8(1), nonce, deadline, uint32(5), _sign(key, _redemption(key, nonce, deadline)));
    }

    function _passkeyId(uint256 key) private pure returns (address) {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        return address(uint160(uint256(keccak256(abi.encodePacked(x, y)))));
    }

    function _byPasskey(uint256 key, uint24 nonce) private view returns (bytes memory) {
        bytes memory proof = _passkeyProof(key, _redemption(key, nonce, NO_DEADLINE), RELYING_PARTY);
        return abi.encodePacked(uint8(2), nonce, NO_DEADLINE, uint32(5), proof);
    }

    // ---------------------------------------------------------------- authorisations

    function test_rejects_ExpiredAuthorisation() public {
        uint48 now_ = uint48(block.timestamp);
        _redeemWith(_authorisation(_memberKey(1), 1, now_ - 1), "authorisation_expired");
        _redeemWith(_authorisation(_memberKey(1), 1, now_), 0);
    }

    function test_rejects_SignaturesThatAreNone() public {
        bytes memory head = abi.encodePacked(uint8(1), uint24(1), NO_DEADLINE, uint32(5));
        _redeemWith(bytes.concat(head, new bytes(64)), "bad_authorisation");
        // The other s of the same signature.
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_memberKey(1), _redemption(0, 1, NO_DEADLINE));
        bytes32 high = bytes32(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 - uint256(s));
        bytes32 packed = v == 27 ? high | bytes32(uint256(1) << 255) : high;
        _redeemWith(bytes.concat(head, abi.encodePacked(r, packed)), "bad_authorisation");
    }

    function test_rejects_SchemesAndLengthsThatAreNone() public {
        bytes memory good = _authorisation(_memberKey(1), 1, NO_DEADLINE);
        good[0] = 0x00;
        _redeemWith(good, "malformed_operation");
        good[0] = 0x04;
        _redeemWith(good, "malformed_operation");
        _redeemWith(hex"01", "malformed_operation");
        _redeemWith(new bytes(13), "malformed_operation");
        bytes memory passkey = _byPasskey(PASSKEY, 1);
        bytes memory cut = new bytes(14 + 133);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = passkey[i];
        }
        _redeemWith(cut, "malformed_operation");
        // The authenticator data would reach beyond the end.
        passkey[14 + 132] = 0xff;
        _redeemWith(passkey, "malformed_operation");
    }

    function test_rejects_PasskeyWithoutAuthenticatorData() public {
        _apply(ATTESTER, _signed(0x11, abi.encodePacked(_passkeyId(PASSKEY), uint8(2)), ADD_KEY, _memberKey(1), 1));
        bytes memory proof = _byPasskey(PASSKEY, 2);
        proof[14 + 133] = bytes1(uint8(36));
        _redeemWith(proof, "bad_authorisation");
        _redeemWith(_byPasskey(PASSKEY, 2), 0);
    }

    function test_KeyOfOneKindIsNoneOfTheOther() public {
        // The attester's mistake: a passkey's id enrolled as a secp256k1 key.
        bytes memory body = abi.encodePacked(_passkeyId(PASSKEY), uint8(1));
        _apply(ATTESTER, _signed(0x11, body, ADD_KEY, _memberKey(1), 1));
        _redeemWith(_byPasskey(PASSKEY, 2), "bad_authorisation");
    }

    function test_NoncesEndAtTheirLargest() public {
        // Bits 160 to 181 of the member's key word hold the highest nonce used.
        bytes32 slot = _keyWordSlot();
        uint256 word = uint256(vm.load(address(ledger), slot));
        uint256 largest = (1 << 22) - 1;
        vm.store(address(ledger), slot, bytes32(word | (largest - 1) << 160));
        vm.assertEq(ledger.memberOf(_member(1)).nextNonce, largest, "the last one");
        _redeemWith(_authorisation(_memberKey(1), uint24(largest) + 1, NO_DEADLINE), "nonce_out_of_range");
        _redeemWith(_authorisation(_memberKey(1), uint24(largest), NO_DEADLINE), 0);
        _redeemWith(_authorisation(_memberKey(1), uint24(largest) + 1, NO_DEADLINE), "nonce_out_of_range");
    }

    /// @dev Found by its content, so that the storage layout may change.
    function _keyWordSlot() private view returns (bytes32 slot) {
        for (uint256 base = 0; base < 40; ++base) {
            slot = keccak256(abi.encode(_member(1), base));
            if (uint160(uint256(vm.load(address(ledger), slot))) == uint160(vm.addr(_memberKey(1)))) return slot;
        }
        revert("no key word");
    }

    // ---------------------------------------------------------------- key operations

    function test_rejects_KeysThatAreNone() public {
        address key = vm.addr(9);
        _reject(
            ATTESTER, _framed(0x10, ATTESTER, abi.encodePacked(_member(2), address(0), uint8(1))), "malformed_operation"
        );
        _reject(ATTESTER, _framed(0x10, ATTESTER, abi.encodePacked(_member(2), key, uint8(0))), "malformed_operation");
        _reject(ATTESTER, _framed(0x10, ATTESTER, abi.encodePacked(_member(2), key, uint8(3))), "malformed_operation");
        _reject(ATTESTER, _framed(0x16, ATTESTER, abi.encodePacked(_member(1), key, uint8(3))), "malformed_operation");
        bytes memory add = _signed(0x11, abi.encodePacked(key, uint8(3)), ADD_KEY, _memberKey(1), 1);
        _reject(ATTESTER, add, "malformed_operation");
        add = _signed(0x11, abi.encodePacked(address(0), uint8(1)), ADD_KEY, _memberKey(1), 1);
        _reject(ATTESTER, add, "malformed_operation");
    }

    function test_rejects_KeyOperationsOfMembersWithoutKeys() public {
        bytes20 stranger = bytes20(_member(2));
        uint8[4] memory plain = [0x13, 0x18, 0x14, 0x17];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory tail = i < 2 ? bytes("") : abi.encodePacked(uint8(1), new bytes(77));
            _reject(ATTESTER, _framed(plain[i], ATTESTER, abi.encodePacked(stranger, tail)), "unknown_member");
        }
        bytes memory start = abi.encodePacked(stranger, vm.addr(9), uint8(1));
        _reject(ATTESTER, _framed(0x16, ATTESTER, start), "unknown_member");
    }

    function test_rejects_AttestersWordForTheMembers() public {
        _reject(ATTESTER, _signed(0x14, "", UNLOCK, ATTESTER_KEY, 3), "bad_authorisation");
        _reject(
            ATTESTER, _signed(0x15, abi.encodePacked(uint32(9)), SET_ALLOWANCE, ATTESTER_KEY, 3), "bad_authorisation"
        );
        _reject(ATTESTER, _signed(0x17, "", REFUSE_RECOVERY, ATTESTER_KEY, 3), "bad_authorisation");
        bytes memory key = abi.encodePacked(vm.addr(9));
        _reject(ATTESTER, _signed(0x12, key, REMOVE_KEY, ATTESTER_KEY, 3), "bad_authorisation");
        _reject(ATTESTER, _signed(0x11, bytes.concat(key, hex"01"), ADD_KEY, ATTESTER_KEY, 3), "bad_authorisation");
    }

    function test_MemberHasAtMostSixteenKeys() public {
        for (uint256 i = 0; i < 15; ++i) {
            _apply(ATTESTER, _signed(0x11, abi.encodePacked(vm.addr(500 + i), uint8(1)), ADD_KEY, _memberKey(1), 1));
        }
        vm.assertEq(ledger.memberOf(_member(1)).keyCount, 16, "sixteen");
        _reject(
            ATTESTER,
            _signed(0x11, abi.encodePacked(vm.addr(600), uint8(1)), ADD_KEY, _memberKey(1), 1),
            "already_enrolled"
        );
        _apply(ATTESTER, _signed(0x12, abi.encodePacked(vm.addr(500)), REMOVE_KEY, _memberKey(1), 1));
        vm.assertEq(ledger.memberOf(_member(1)).keyCount, 15, "one place free");
    }

    function test_MemberGoesOnWithoutItsFirstKey() public {
        _apply(ATTESTER, _signed(0x11, abi.encodePacked(vm.addr(500), uint8(1)), ADD_KEY, _memberKey(1), 1));
        _apply(ATTESTER, _signed(0x12, abi.encodePacked(vm.addr(_memberKey(1))), REMOVE_KEY, 500, 1));
        vm.assertEq(ledger.memberOf(_member(1)).key, address(0), "none in its place");
        _redeemWith(_authorisation(500, 3, NO_DEADLINE), 0);
        _redeemWith(_authorisation(_memberKey(1), 4, NO_DEADLINE), "bad_authorisation");
        lastNonce[_member(1)] = 5;
        _reject(ATTESTER, _signed(0x12, abi.encodePacked(vm.addr(500)), REMOVE_KEY, 500, 1), "last_key");
    }

    function test_LockAndFreezeStopEveryWayToSpend() public {
        _apply(ATTESTER, _framed(0x13, ATTESTER, abi.encodePacked(_member(1))));
        _reject(_submitter(1), _hold(1, 1, 5, FIRST_DAY), "member_locked");
        _reject(ATTESTER, _transfer(1, 2, 5), "member_locked");
        ledger.freezeMember(_member(1), 3);
        _reject(_submitter(1), _hold(1, 1, 5, FIRST_DAY), "member_frozen");
        _reject(ATTESTER, _transfer(1, 2, 5), "member_frozen");
        _apply(_submitter(1), _purchase(1, 1, 5));
        _apply(ATTESTER, _signed(0x14, "", UNLOCK, _memberKey(1), 1));
        _reject(_submitter(1), _hold(1, 1, 5, FIRST_DAY), "member_frozen");
        ledger.unfreezeMember(_member(1));
        _apply(_submitter(1), _hold(1, 1, 5, FIRST_DAY));
    }

    // ---------------------------------------------------------------- recovery

    function test_RecoveryVoidsAllOldKeysAndTheAllowance() public {
        _apply(ATTESTER, _signed(0x11, abi.encodePacked(vm.addr(500), uint8(1)), ADD_KEY, _memberKey(1), 1));
        _apply(ATTESTER, _signed(0x15, abi.encodePacked(uint32(90)), SET_ALLOWANCE, _memberKey(1), 1));
        _apply(ATTESTER, _framed(0x16, ATTESTER, abi.encodePacked(_member(1), vm.addr(700), uint8(1))));
        vm.assertEq(ledger.memberOf(_member(1)).recoveryKey, vm.addr(700), "told");
        _pass(3);
        _apply(ATTESTER, _framed(0x18, ATTESTER, abi.encodePacked(_member(1))));
        vm.assertEq(ledger.memberOf(_member(1)).keyCount, 1, "one key");
        vm.assertEq(ledger.memberOf(_member(1)).allowancePerDay, 0, "no allowance");
        _redeemWith(_authorisation(500, 3, NO_DEADLINE), "bad_authorisation");
        _redeemWith(_authorisation(_memberKey(1), 3, NO_DEADLINE), "bad_authorisation");
        _redeemWith(_authorisation(700, 3, NO_DEADLINE), 0);
        _reject(ATTESTER, _framed(0x18, ATTESTER, abi.encodePacked(_member(1))), "no_recovery");
    }

    function test_RecoveryStartedAgainWaitsAgain() public {
        _apply(ATTESTER, _framed(0x16, ATTESTER, abi.encodePacked(_member(1), vm.addr(700), uint8(1))));
        _pass(2);
        _apply(ATTESTER, _framed(0x16, ATTESTER, abi.encodePacked(_member(1), vm.addr(701), uint8(1))));
        _pass(1);
        _reject(ATTESTER, _framed(0x18, ATTESTER, abi.encodePacked(_member(1))), "recovery_not_due");
        _pass(2);
        _apply(ATTESTER, _framed(0x18, ATTESTER, abi.encodePacked(_member(1))));
        _redeemWith(_authorisation(701, 1, NO_DEADLINE), 0);
    }

    function test_rejects_RefusalOfNoRecovery() public {
        _reject(ATTESTER, _signed(0x17, "", REFUSE_RECOVERY, _memberKey(1), 1), "no_recovery");
    }

    // ---------------------------------------------------------------- allowance

    function test_AllowanceIsOfOneDayAndOfAllWaysToSpend() public {
        _apply(ATTESTER, _signed(0x15, abi.encodePacked(uint32(10)), SET_ALLOWANCE, _memberKey(1), 1));
        _redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 5, 2), 0);
        _redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 5, 3), 0);
        vm.assertEq(ledger.memberOf(_member(1)).allowanceUsedToday, 10, "used");
        _redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 5, 4), "allowance_exceeded");
        _redeemWith(_authorisation(_memberKey(1), 4, NO_DEADLINE), 0);
        _nextDay();
        vm.assertEq(ledger.memberOf(_member(1)).allowanceUsedToday, 0, "another day");
        _redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 5, 5), 0);
    }

    function test_AllowanceNeedsTheAttestersRole() public {
        _apply(ATTESTER, _signed(0x15, abi.encodePacked(uint32(10)), SET_ALLOWANCE, _memberKey(1), 1));
        _redeemWith(_redeemAuthorisationBy(51, 3, 1, 1, 5, 2), "bad_authorisation");
        manager.revokeRole(5, vm.addr(ATTESTER_KEY));
        _redeemWith(_redeemAuthorisationBy(ATTESTER_KEY, 3, 1, 1, 5, 2), "bad_authorisation");
    }

    // ---------------------------------------------------------------- what others cannot do to an id

    /// @dev Anyone may touch any id, so touching one that has nothing must leave no trace: its first key would wait for it.
    function test_TouchingAnEmptyIdDoesNotDelayItsFirstKey() public {
        ProgramTerms memory terms = _programTerms();
        terms.firstKeyDelaySeconds = 1 days;
        _deploy(terms);
        address[] memory members = new address[](1);
        members[0] = _member(8);
        ledger.touch(members);
        ledger.touchThrough(_member(8), FIRST_DAY);
        lastSequence[ATTESTER] = 0;
        _enrol(8);
        vm.assertEq(ledger.memberOf(_member(8)).keyActiveFrom, block.timestamp, "at once");
    }

    function test_rejects_RemovalOfNoKey() public {
        _apply(ATTESTER, _signed(0x11, abi.encodePacked(vm.addr(500), uint8(1)), ADD_KEY, _memberKey(1), 1));
        _apply(ATTESTER, _signed(0x11, abi.encodePacked(vm.addr(501), uint8(1)), ADD_KEY, _memberKey(1), 1));
        _apply(ATTESTER, _signed(0x12, abi.encodePacked(vm.addr(_memberKey(1))), REMOVE_KEY, 500, 1));
        // The place of the first key is empty now: its zero is not a key.
        _reject(ATTESTER, _signed(0x12, abi.encodePacked(address(0)), REMOVE_KEY, 500, 1), "unknown_key");
        vm.assertEq(ledger.memberOf(_member(1)).keyCount, 2, "two keys");
    }
}
