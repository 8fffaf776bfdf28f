// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {uintAt} from "./Body.sol";

string constant DOMAIN_NAME = "Points Coalition";
string constant DOMAIN_VERSION = "1";

bytes32 constant DOMAIN_NAME_HASH = keccak256("Points Coalition");
bytes32 constant DOMAIN_VERSION_HASH = keccak256("1");

bytes32 constant DOMAIN_TYPEHASH =
    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

/// @notice The EIP-712 domain separator of the ledger at this address. Computed each time: a fork of the chain has another one.
function domainSeparatorOf(address ledgerAddress) view returns (bytes32) {
    return keccak256(abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME_HASH, DOMAIN_VERSION_HASH, block.chainid, ledgerAddress));
}

/// @notice The EIP-712 digest of a struct hash, for the contract that runs (of a delegatecall, the caller).
function typedDigest(bytes32 structHash) view returns (bytes32) {
    address self;
    assembly ("memory-safe") {
        self := address()
    }
    return keccak256(abi.encodePacked(hex"1901", domainSeparatorOf(self), structHash));
}

/// @notice Who signed `digest` with a 64-byte EIP-2098 signature; address 0 when no one did.
function signerOf(bytes32 digest, bytes calldata signature) pure returns (address signer) {
    if (signature.length != 64) return address(0);
    (signer,,) = ECDSA.tryRecover(digest, bytes32(uintAt(signature, 0, 32)), bytes32(uintAt(signature, 32, 32)));
}
