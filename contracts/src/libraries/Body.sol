// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Reading packed fields. None of these checks bounds: the caller has checked the length of what it reads, and a read beyond the end of
// calldata gives zeros. Slicing with checks would cost more gas than all the rest of a purchase.

/// @notice The big-endian number of `size` bytes (1 … 32) at `offset`.
function uintAt(bytes calldata data, uint256 offset, uint256 size) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := shr(sub(256, shl(3, size)), calldataload(add(data.offset, offset)))
    }
}

function addressAt(bytes calldata data, uint256 offset) pure returns (address value) {
    assembly ("memory-safe") {
        value := shr(96, calldataload(add(data.offset, offset)))
    }
}

/// @notice `length` bytes from `offset` on.
function bytesAt(bytes calldata data, uint256 offset, uint256 length) pure returns (bytes calldata part) {
    assembly ("memory-safe") {
        part.offset := add(data.offset, offset)
        part.length := length
    }
}

/// @notice Everything from `offset`, at most the length, on.
function tailOf(bytes calldata data, uint256 offset) pure returns (bytes calldata part) {
    assembly ("memory-safe") {
        part.offset := add(data.offset, offset)
        part.length := sub(data.length, offset)
    }
}
