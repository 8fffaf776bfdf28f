// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {uintAt} from "./Body.sol";

string constant DOMAIN_NAME = "Points Coalition";
string constant DOMAIN_VERSION = "1";

bytes32 constant DOMAIN_NAME_HASH = keccak256("Points Coalition");
bytes32 constant DOMAIN_VERSION_HASH = keccak256("1");

bytes32 constant DOMAIN_TYPEHASH =
    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

/// @notice The EIP-712 domain separator of the ledger at this address. Computed each time: a fork of the chain has another one.
function domainSeparatorOf(address ledgerAddress) view returns (bytes32 separator) {
    (bytes32 typehash, bytes32 nameHash, bytes32 versionHash) = (DOMAIN_TYPEHASH, DOMAIN_NAME_HASH, DOMAIN_VERSION_HASH);
    // As abi.encode would lay it out, but beyond the free pointer, which stays: it is done for every signature.
    assembly ("memory-safe") {
        let start := mload(0x40)
        mstore(start, typehash)
        mstore(add(start, 32), nameHash)
        mstore(add(start, 64), versionHash)
        mstore(add(start, 96), chainid())
        mstore(add(start, 128), ledgerAddress)
        separator := keccak256(start, 160)
    }
}

/// @notice The EIP-712 digest of a struct hash, for the contract that runs (of a delegatecall, the caller).
function typedDigest(bytes32 structHash) view returns (bytes32 digest) {
    address self;
    assembly ("memory-safe") {
        self := address()
    }
    bytes32 separator = domainSeparatorOf(self);
    // "\x19\x01", separator and struct hash: 66 bytes of memory beyond the free pointer, which stays.
    assembly ("memory-safe") {
        let start := mload(0x40)
        mstore(start, shl(240, 0x1901))
        mstore(add(start, 2), separator)
        mstore(add(start, 34), structHash)
        digest := keccak256(start, 66)
    }
}

/// @dev Half of secp256k1's order: of the two signatures that prove the same, only the one with the lower s is one.
uint256 constant S_MAX = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

/// @notice Who signed `digest` with a 64-byte EIP-2098 signature; address 0 when no one did.
function signerOf(bytes32 digest, bytes calldata signature) pure returns (address) {
    uint256 parityAndS = uintAt(signature, 32, 32);
    uint256 s = parityAndS & (type(uint256).max >> 1);
    if (signature.length != 64 || s > S_MAX) return address(0);
    // 27 or 28.
    return ecrecover(digest, uint8(27 + (parityAndS >> 255)), bytes32(uintAt(signature, 0, 32)), bytes32(s));
}
