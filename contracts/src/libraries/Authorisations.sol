// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {bytesAt, tailOf, uintAt} from "./Body.sol";
import {NONCE_AHEAD_MAX, NONCE_MAX} from "./Bounds.sol";
import {signerOf, typedDigest} from "./Domain.sol";
import {Ledger, MemberSlots} from "./LedgerStorage.sol";
import {Passkeys} from "./Passkeys.sol";

uint64 constant ATTESTER_ROLE = 5;

uint256 constant KEY_SECP256K1 = 1;
uint256 constant KEY_PASSKEY = 2;

/// @notice The member's key word, unpacked where it is needed.
type KeyWord is uint256;

using {key, highestNonce, window, keyKind, isLocked, isWaiting, freezeReason, epoch, with} for KeyWord global;

function key(KeyWord self) pure returns (address) {
    return address(uint160(KeyWord.unwrap(self)));
}

function highestNonce(KeyWord self) pure returns (uint256) {
    return (KeyWord.unwrap(self) >> 160) & 0x3fffff;
}

/// @dev Bit i: nonce `highest − 1 − i` was used.
function window(KeyWord self) pure returns (uint256) {
    return (KeyWord.unwrap(self) >> 182) & 0xffffffff;
}

function keyKind(KeyWord self) pure returns (uint256) {
    return (KeyWord.unwrap(self) >> 214) & 3;
}

function isLocked(KeyWord self) pure returns (bool) {
    return (KeyWord.unwrap(self) >> 216) & 1 == 1;
}

/// @dev The first key was set and `activeFrom` may still be ahead.
function isWaiting(KeyWord self) pure returns (bool) {
    return (KeyWord.unwrap(self) >> 217) & 1 == 1;
}

function freezeReason(KeyWord self) pure returns (uint256) {
    return (KeyWord.unwrap(self) >> 218) & 0xff;
}

/// @dev Counts finished recoveries, modulo 256.
function epoch(KeyWord self) pure returns (uint256) {
    return (KeyWord.unwrap(self) >> 226) & 0xff;
}

/// @dev Replaces the `bits` bits at `shift`.
function with(KeyWord self, uint256 shift, uint256 bits, uint256 value) pure returns (KeyWord) {
    uint256 mask = ((1 << bits) - 1) << shift;
    return KeyWord.wrap((KeyWord.unwrap(self) & ~mask) | (value << shift));
}

uint256 constant KEY_SHIFT = 0;
uint256 constant NONCE_SHIFT = 160;
uint256 constant WINDOW_SHIFT = 182;
uint256 constant KIND_SHIFT = 214;
uint256 constant LOCKED_SHIFT = 216;
uint256 constant WAITING_SHIFT = 217;
uint256 constant FREEZE_SHIFT = 218;
uint256 constant EPOCH_SHIFT = 226;

/// @title What members sign
/// @dev An authorisation lies in an operation as scheme 1, nonce 3, deadline 6, most points 4, then the proof.
/// @notice Knowing a member's id authorises nothing: a key of the member must have signed, or the program's attester within the
/// allowance that the member set.
library Authorisations {
    uint256 internal constant SCHEME_KEY = 1;
    uint256 internal constant SCHEME_PASSKEY = 2;
    uint256 internal constant SCHEME_ATTESTER = 3;
    uint256 internal constant HEAD_LENGTH = 14;

    /// @notice Whether `data` has the length that its scheme needs.
    function isWellFormed(bytes calldata data) internal pure returns (bool) {
        if (data.length < HEAD_LENGTH) return false;
        uint256 scheme = uintAt(data, 0, 1);
        if (scheme == SCHEME_KEY || scheme == SCHEME_ATTESTER) return data.length == HEAD_LENGTH + 64;
        if (scheme != SCHEME_PASSKEY || data.length < HEAD_LENGTH + 134) return false;
        return data.length >= HEAD_LENGTH + 134 + uintAt(data, HEAD_LENGTH + 132, 2);
    }

    /// @notice Checks that a member may spend `points` by this authorisation. Writes nothing.
    /// @return reason 0 when all is right.
    /// @return word the member's key word, for `use`.
    function checkSpend(
        Ledger storage $,
        address member,
        bytes32 structHash,
        bytes calldata data,
        uint256 points,
        uint256 today
    ) internal view returns (bytes32 reason, KeyWord word) {
        MemberSlots storage m = $.members[member];
        word = KeyWord.wrap(m.keyWord);
        if (word.keyKind() == 0) return ("unknown_member", word);
        if (word.freezeReason() != 0) return ("member_frozen", word);
        if (word.isLocked()) return ("member_locked", word);
        reason = _checkSigned($, m, word, structHash, data);
        if (reason != 0) return (reason, word);
        if (points > uintAt(data, 10, 4)) return ("authorisation_exceeded", word);
        if (uintAt(data, 0, 1) != SCHEME_ATTESTER) return (0, word);
        uint256 used = m.allowanceDay == today ? m.allowanceUsed : 0;
        return (used + points > m.allowancePerDay ? bytes32("allowance_exceeded") : bytes32(0), word);
    }

    /// @notice Checks deadline, nonce and signature alone.
    function checkSigned(Ledger storage $, address member, bytes32 structHash, bytes calldata data)
        internal
        view
        returns (bytes32 reason, KeyWord word)
    {
        MemberSlots storage m = $.members[member];
        word = KeyWord.wrap(m.keyWord);
        reason = word.keyKind() == 0 ? bytes32("unknown_member") : _checkSigned($, m, word, structHash, data);
    }

    function _checkSigned(
        Ledger storage $,
        MemberSlots storage m,
        KeyWord word,
        bytes32 structHash,
        bytes calldata data
    ) private view returns (bytes32 reason) {
        if (block.timestamp > uintAt(data, 4, 6)) return "authorisation_expired";
        reason = _checkNonce(word, uintAt(data, 1, 3));
        if (reason != 0) return reason;
        if (word.isWaiting() && block.timestamp < m.activeFrom) return "key_not_active";
        return _isSigned($, m, word, typedDigest(structHash), data) ? bytes32(0) : bytes32("bad_authorisation");
    }

    /// @notice Uses up the nonce, and of the allowance what an attester's signature takes.
    /// @param word the member's key word.
    function use(Ledger storage $, address member, KeyWord word, bytes calldata data, uint256 points, uint256 today)
        internal
    {
        MemberSlots storage m = $.members[member];
        uint256 nonce = uintAt(data, 1, 3);
        uint256 highest = word.highestNonce();
        // The nonce was checked: it is not the highest, and inside the window when it is below.
        unchecked {
            if (nonce > highest) {
                uint256 shift = nonce - highest;
                // The bit of the highest itself comes in with the shift.
                uint256 moved = shift > 32 ? 0 : (((word.window() << 1) | 1) << (shift - 1)) & 0xffffffff;
                word = word.with(NONCE_SHIFT, 54, nonce | (moved << 22));
            } else {
                word = word.with(WINDOW_SHIFT, 32, word.window() | (1 << (highest - 1 - nonce)));
            }
        }
        if (word.isWaiting()) word = word.with(WAITING_SHIFT, 1, 0);
        m.keyWord = KeyWord.unwrap(word);
        if (uintAt(data, 0, 1) != SCHEME_ATTESTER) return;
        m.allowanceUsed = uint32(points) + (m.allowanceDay == today ? m.allowanceUsed : 0);
        m.allowanceDay = uint24(today);
    }

    function _checkNonce(KeyWord word, uint256 nonce) private pure returns (bytes32) {
        uint256 highest = word.highestNonce();
        if (nonce > highest) {
            return nonce > highest + NONCE_AHEAD_MAX || nonce > NONCE_MAX ? bytes32("nonce_out_of_range") : bytes32(0);
        }
        // At most the highest.
        unchecked {
            uint256 behind = highest - nonce;
            // Nonce 0 is never used; what fell out of the window counts as used.
            if (nonce == 0 || behind == 0 || behind > 32) return "nonce_used";
            return (word.window() >> (behind - 1)) & 1 == 1 ? bytes32("nonce_used") : bytes32(0);
        }
    }

    function _isSigned(Ledger storage $, MemberSlots storage m, KeyWord word, bytes32 digest, bytes calldata data)
        private
        view
        returns (bool)
    {
        uint256 scheme = uintAt(data, 0, 1);
        bytes calldata proof = tailOf(data, HEAD_LENGTH);
        if (scheme == SCHEME_PASSKEY) {
            address candidate = address(uint160(uint256(keccak256(bytesAt(proof, 0, 64)))));
            return isKeyOf(m, word, candidate, KEY_PASSKEY)
                && Passkeys.isSigned(digest, proof, $.constitution.relyingPartyIdHash);
        }
        address signer = signerOf(digest, proof);
        if (signer == address(0)) return false;
        if (scheme == SCHEME_ATTESTER) return isAttester(signer);
        return isKeyOf(m, word, signer, KEY_SECP256K1);
    }

    function isKeyOf(MemberSlots storage m, KeyWord word, address candidate, uint256 kind)
        internal
        view
        returns (bool)
    {
        if (word.key() == candidate) return word.keyKind() == kind;
        return m.otherKeys[otherKeySlot(word, candidate)] == kind;
    }

    function otherKeySlot(KeyWord word, address candidate) internal pure returns (uint256) {
        return (word.epoch() << 160) | uint160(candidate);
    }

    function isAttester(address signer) internal view returns (bool isMember) {
        (isMember,) = IAccessManager(IAccessManaged(address(this)).authority()).hasRole(ATTESTER_ROLE, signer);
    }
}
