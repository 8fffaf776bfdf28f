// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice What member 1 signs besides redemptions, holds and transfers; and passkeys.
abstract contract MemberSigning is LedgerFixture {
    string internal constant ADD_KEY = "AddKey(address member,address key,uint8 kind,uint24 nonce,uint48 deadline)";
    string internal constant REMOVE_KEY = "RemoveKey(address member,address key,uint24 nonce,uint48 deadline)";
    string internal constant UNLOCK = "Unlock(address member,uint24 nonce,uint48 deadline)";
    string internal constant SET_ALLOWANCE =
        "SetAllowance(address member,uint32 pointsPerDay,uint24 nonce,uint48 deadline)";
    string internal constant REFUSE_RECOVERY = "RefuseRecovery(address member,uint24 nonce,uint48 deadline)";

    /// @dev A member operation: fields before the authorisation, and the struct that is signed.
    function _signed(uint8 kind, bytes memory fields, string memory typeText, uint256 key, uint8 scheme)
        internal
        returns (bytes memory)
    {
        uint24 nonce = ++lastNonce[_member(1)];
        bytes32 digest = _memberDigest(kind, fields, typeText, nonce);
        bytes memory authorisation = abi.encodePacked(scheme, nonce, NO_DEADLINE, uint32(0), _sign(key, digest));
        return _framed(kind, ATTESTER, abi.encodePacked(_member(1), fields, authorisation));
    }

    function _memberDigest(uint8 kind, bytes memory fields, string memory typeText, uint24 nonce)
        internal
        view
        returns (bytes32)
    {
        bytes memory start = abi.encode(keccak256(bytes(typeText)), _member(1));
        bytes memory end = abi.encode(uint256(nonce), uint256(NO_DEADLINE));
        return _digest(keccak256(bytes.concat(start, _words(kind, fields), end)));
    }

    function _words(uint8 kind, bytes memory fields) private pure returns (bytes memory) {
        if (fields.length == 0) return "";
        if (kind == 0x15) return abi.encode(uint256(uint32(bytes4(fields))));
        if (fields.length == 20) return abi.encode(address(bytes20(fields)));
        return abi.encode(address(bytes20(fields)), uint256(uint8(fields[20])));
    }

    function _passkeyProof(uint256 key, bytes32 digest, bytes32 relyingParty) internal pure returns (bytes memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        bytes memory client =
            bytes.concat('{"type":"webauthn.get","challenge":"', _base64Url(digest), '","origin":"http://localhost"}');
        bytes memory authenticator = abi.encodePacked(relyingParty, uint8(0x05), uint32(1));
        (bytes32 r, bytes32 s) = vm.signP256(key, sha256(bytes.concat(authenticator, sha256(client))));
        uint256 order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
        if (uint256(s) > order / 2) s = bytes32(order - uint256(s));
        return abi.encodePacked(x, y, r, s, uint16(23), uint16(1), uint16(authenticator.length), authenticator, client);
    }

    function _base64Url(bytes32 data) internal pure returns (bytes memory text) {
        bytes memory alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        text = new bytes(43);
        for (uint256 i = 0; i < 43; ++i) {
            uint256 shift = i * 6;
            uint256 value = shift <= 250 ? uint256(data) >> (250 - shift) : uint256(data) << (shift - 250);
            text[i] = alphabet[value & 63];
        }
    }
}
