// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "../interfaces/IPointsLedger.sol";
import {
    Authorisations,
    EPOCH_SHIFT,
    FREEZE_SHIFT,
    KEY_PASSKEY,
    KEY_SECP256K1,
    KEY_SHIFT,
    KIND_SHIFT,
    KeyWord,
    LOCKED_SHIFT,
    WAITING_SHIFT
} from "./Authorisations.sol";
import {addressAt, tailOf, uintAt} from "./Body.sol";
import {MEMBER_KEYS_MAX} from "./Bounds.sol";
import {Ledger, MemberSlots} from "./LedgerStorage.sol";

/// @title Members' keys, lock, allowance and recovery
/// @notice Operations that an attester relays. Those that make spending easier carry the signature of a key of the member.
/// @dev Its own contract, entered by delegatecall. Bodies are those of docs/protocol.md.
library MemberKeys {
    uint256 internal constant ENROL = 0x10;
    uint256 internal constant ADD_KEY = 0x11;
    uint256 internal constant REMOVE_KEY = 0x12;
    uint256 internal constant LOCK = 0x13;
    uint256 internal constant UNLOCK = 0x14;
    uint256 internal constant SET_ALLOWANCE = 0x15;
    uint256 internal constant START_RECOVERY = 0x16;
    uint256 internal constant REFUSE_RECOVERY = 0x17;
    uint256 internal constant FINISH_RECOVERY = 0x18;

    bytes32 private constant ADD_KEY_TYPEHASH =
        keccak256("AddKey(address member,address key,uint8 kind,uint24 nonce,uint48 deadline)");
    bytes32 private constant REMOVE_KEY_TYPEHASH =
        keccak256("RemoveKey(address member,address key,uint24 nonce,uint48 deadline)");
    bytes32 private constant UNLOCK_TYPEHASH = keccak256("Unlock(address member,uint24 nonce,uint48 deadline)");
    bytes32 private constant SET_ALLOWANCE_TYPEHASH =
        keccak256("SetAllowance(address member,uint32 pointsPerDay,uint24 nonce,uint48 deadline)");
    bytes32 private constant REFUSE_RECOVERY_TYPEHASH =
        keccak256("RefuseRecovery(address member,uint24 nonce,uint48 deadline)");

    /// @return reason of a rejection, or 0.
    function apply_(Ledger storage $, uint256 kind, uint64 operation, bytes calldata body, uint256 today)
        external
        returns (bytes32 reason)
    {
        if (!_isWellFormed(kind, body)) return "malformed_operation";
        address member = addressAt(body, 0);
        MemberSlots storage m = $.members[member];
        KeyWord word = KeyWord.wrap(m.keyWord);
        if (kind == ENROL) return _enrol($, m, operation, member, body);
        if (word.keyKind() == 0) return "unknown_member";
        if (kind == LOCK) return _lock(m, word, operation, member);
        if (kind == START_RECOVERY) return _startRecovery($, m, operation, member, body);
        if (kind == FINISH_RECOVERY) return _finishRecovery(m, word, operation, member);
        return _applySigned($, kind, operation, body, today);
    }

    function _isWellFormed(uint256 kind, bytes calldata body) private pure returns (bool) {
        if (kind == ENROL || kind == START_RECOVERY) {
            return body.length == 41 && _isKey(addressAt(body, 20), uintAt(body, 40, 1));
        }
        if (kind == LOCK || kind == FINISH_RECOVERY) return body.length == 20;
        uint256 start = _authorisationStart(kind);
        if (start == 0 || body.length < start || !Authorisations.isWellFormed(tailOf(body, start))) return false;
        return kind != ADD_KEY || _isKey(addressAt(body, 20), uintAt(body, 40, 1));
    }

    function _isKey(address key, uint256 kind) private pure returns (bool) {
        return key != address(0) && (kind == KEY_SECP256K1 || kind == KEY_PASSKEY);
    }

    function _authorisationStart(uint256 kind) private pure returns (uint256) {
        if (kind == ADD_KEY) return 41;
        if (kind == REMOVE_KEY) return 40;
        if (kind == SET_ALLOWANCE) return 24;
        return kind == UNLOCK || kind == REFUSE_RECOVERY ? 20 : 0;
    }

    function _enrol(Ledger storage $, MemberSlots storage m, uint64 operation, address member, bytes calldata body)
        private
        returns (bytes32)
    {
        KeyWord word = KeyWord.wrap(m.keyWord);
        if (word.keyKind() != 0) return "already_enrolled";
        address key = addressAt(body, 20);
        uint256 kind = uintAt(body, 40, 1);
        // Whoever claims an id that has points must not be able to spend them before the one who earned them can object.
        bool isWaiting = $.heads[member] != 0 && $.constitution.firstKeyDelaySeconds > 0;
        m.activeFrom = uint48(block.timestamp + (isWaiting ? $.constitution.firstKeyDelaySeconds : 0));
        m.keyCount = 1;
        m.keyWord = KeyWord.unwrap(
            word.with(KEY_SHIFT, 160, uint160(key)).with(KIND_SHIFT, 2, kind).with(WAITING_SHIFT, 1, isWaiting ? 1 : 0)
        );
        emit ILedgerEvents.MemberEnrolled(operation, member, key, uint8(kind), m.activeFrom);
        return 0;
    }

    function _lock(MemberSlots storage m, KeyWord word, uint64 operation, address member) private returns (bytes32) {
        m.keyWord = KeyWord.unwrap(word.with(LOCKED_SHIFT, 1, 1));
        emit ILedgerEvents.MemberLocked(operation, member);
        return 0;
    }

    function _startRecovery(
        Ledger storage $,
        MemberSlots storage m,
        uint64 operation,
        address member,
        bytes calldata body
    ) private returns (bytes32) {
        m.recoveryKey = addressAt(body, 20);
        m.recoveryKind = uint8(uintAt(body, 40, 1));
        m.recoveryDueAt = uint48(block.timestamp + $.constitution.recoveryDelaySeconds);
        emit ILedgerEvents.RecoveryStarted(operation, member, m.recoveryKey, m.recoveryKind, m.recoveryDueAt);
        return 0;
    }

    function _finishRecovery(MemberSlots storage m, KeyWord word, uint64 operation, address member)
        private
        returns (bytes32)
    {
        if (m.recoveryKey == address(0)) return "no_recovery";
        if (block.timestamp < m.recoveryDueAt) return "recovery_not_due";
        word = word.with(KEY_SHIFT, 160, uint160(m.recoveryKey)).with(KIND_SHIFT, 2, m.recoveryKind);
        m.keyWord = KeyWord.unwrap(word.with(WAITING_SHIFT, 1, 0).with(EPOCH_SHIFT, 8, (word.epoch() + 1) & 0xff));
        m.keyCount = 1;
        emit ILedgerEvents.RecoveryFinished(operation, member, m.recoveryKey);
        m.recoveryKey = address(0);
        // What the lost key allowed the attester to spend is void with it.
        if (m.allowancePerDay > 0) {
            m.allowancePerDay = 0;
            emit ILedgerEvents.AllowanceSet(0, member, 0, 0);
        }
        return 0;
    }

    function _applySigned(Ledger storage $, uint256 kind, uint64 operation, bytes calldata body, uint256 today)
        private
        returns (bytes32 reason)
    {
        bytes calldata data = tailOf(body, _authorisationStart(kind));
        // The member's own word is needed: an attester's signature does not stand in for it.
        if (uintAt(data, 0, 1) == Authorisations.SCHEME_ATTESTER) return "bad_authorisation";
        address member = addressAt(body, 0);
        MemberSlots storage m = $.members[member];
        reason = _checkState(m, kind, body);
        if (reason != 0) return reason;
        KeyWord word;
        (reason, word) = Authorisations.checkSigned($, member, _structHash(kind, member, body, data), data);
        if (reason != 0) return reason;
        Authorisations.use($, member, word, data, 0, today);
        _applyChecked(m, kind, operation, body, uintAt(data, 1, 3));
    }

    function _checkState(MemberSlots storage m, uint256 kind, bytes calldata body) private view returns (bytes32) {
        KeyWord word = KeyWord.wrap(m.keyWord);
        if (kind == REFUSE_RECOVERY) return m.recoveryKey == address(0) ? bytes32("no_recovery") : bytes32(0);
        if (kind != ADD_KEY && kind != REMOVE_KEY) return 0;
        address key = addressAt(body, 20);
        // A member that removed its first key has 0 in its place: no one's key.
        bool isKnown =
            key != address(0) && (word.key() == key || m.otherKeys[Authorisations.otherKeySlot(word, key)] != 0);
        if (kind == REMOVE_KEY) {
            if (!isKnown) return "unknown_key";
            return m.keyCount == 1 ? bytes32("last_key") : bytes32(0);
        }
        return isKnown || m.keyCount >= MEMBER_KEYS_MAX ? bytes32("already_enrolled") : bytes32(0);
    }

    function _structHash(uint256 kind, address member, bytes calldata body, bytes calldata data)
        private
        pure
        returns (bytes32)
    {
        uint256 nonce = uintAt(data, 1, 3);
        uint256 deadline = uintAt(data, 4, 6);
        if (kind == ADD_KEY) {
            return
                keccak256(
                    abi.encode(ADD_KEY_TYPEHASH, member, addressAt(body, 20), uintAt(body, 40, 1), nonce, deadline)
                );
        }
        if (kind == REMOVE_KEY) {
            return keccak256(abi.encode(REMOVE_KEY_TYPEHASH, member, addressAt(body, 20), nonce, deadline));
        }
        if (kind == SET_ALLOWANCE) {
            return keccak256(abi.encode(SET_ALLOWANCE_TYPEHASH, member, uintAt(body, 20, 4), nonce, deadline));
        }
        bytes32 typehash = kind == UNLOCK ? UNLOCK_TYPEHASH : REFUSE_RECOVERY_TYPEHASH;
        return keccak256(abi.encode(typehash, member, nonce, deadline));
    }

    function _applyChecked(MemberSlots storage m, uint256 kind, uint64 operation, bytes calldata body, uint256 nonce)
        private
    {
        address member = addressAt(body, 0);
        KeyWord word = KeyWord.wrap(m.keyWord);
        if (kind == UNLOCK) {
            m.keyWord = KeyWord.unwrap(word.with(LOCKED_SHIFT, 1, 0));
            emit ILedgerEvents.MemberUnlocked(operation, member, nonce);
        } else if (kind == SET_ALLOWANCE) {
            m.allowancePerDay = uint32(uintAt(body, 20, 4));
            emit ILedgerEvents.AllowanceSet(operation, member, m.allowancePerDay, nonce);
        } else if (kind == REFUSE_RECOVERY) {
            m.recoveryKey = address(0);
            emit ILedgerEvents.RecoveryRefused(operation, member, nonce);
        } else if (kind == ADD_KEY) {
            address key = addressAt(body, 20);
            m.otherKeys[Authorisations.otherKeySlot(word, key)] = uintAt(body, 40, 1);
            ++m.keyCount;
            emit ILedgerEvents.KeyAdded(operation, member, key, uint8(uintAt(body, 40, 1)), nonce);
        } else {
            address key = addressAt(body, 20);
            // Without its primary key a member still has the others; the kind stays, since it says that the member is enrolled.
            if (word.key() == key) m.keyWord = KeyWord.unwrap(word.with(KEY_SHIFT, 160, 0));
            else delete m.otherKeys[Authorisations.otherKeySlot(word, key)];
            --m.keyCount;
            emit ILedgerEvents.KeyRemoved(operation, member, key, nonce);
        }
    }

    /// @notice The operator's freeze, apart from the member's lock. Reason code 0 lifts it.
    function setFreeze(Ledger storage $, address member, uint8 reasonCode) internal {
        MemberSlots storage m = $.members[member];
        m.keyWord = KeyWord.unwrap(KeyWord.wrap(m.keyWord).with(FREEZE_SHIFT, 8, reasonCode));
        if (reasonCode == 0) emit ILedgerEvents.MemberUnfrozen(member);
        else emit ILedgerEvents.MemberFrozen(member, reasonCode);
    }
}
