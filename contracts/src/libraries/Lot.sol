// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Points issued once, in 128 bits, two to a storage slot.
/// @dev From the low end: left 32 (points), kept 40 (spend not yet returned, minor units), terms 20, day 20 (last day it lives),
/// tag 15 (of the purchase's sequence number; 0: nothing to return), late 1 (not in the account's arrival order, see `Account`).
type Lot is uint256;

using {left, kept, terms, day, tag, isLate, withLeft, withKept, asLate} for Lot global;

function newLot(uint256 left_, uint256 kept_, uint256 terms_, uint256 day_, uint256 tag_) pure returns (Lot) {
    return Lot.wrap(left_ | (kept_ << 32) | (terms_ << 72) | (day_ << 92) | (tag_ << 112));
}

/// @dev What an account without an odd last lot keeps in its place: the last day of its arrival order.
function dayOnly(uint256 day_) pure returns (Lot) {
    return Lot.wrap(day_ << 92);
}

function left(Lot lot) pure returns (uint256) {
    return Lot.unwrap(lot) & 0xffffffff;
}

function kept(Lot lot) pure returns (uint256) {
    return (Lot.unwrap(lot) >> 32) & 0xffffffffff;
}

function terms(Lot lot) pure returns (uint256) {
    return (Lot.unwrap(lot) >> 72) & 0xfffff;
}

function day(Lot lot) pure returns (uint256) {
    return (Lot.unwrap(lot) >> 92) & 0xfffff;
}

function tag(Lot lot) pure returns (uint256) {
    return (Lot.unwrap(lot) >> 112) & 0x7fff;
}

function isLate(Lot lot) pure returns (bool) {
    return (Lot.unwrap(lot) >> 127) & 1 == 1;
}

function withLeft(Lot lot, uint256 left_) pure returns (Lot) {
    return Lot.wrap((Lot.unwrap(lot) & ~uint256(0xffffffff)) | left_);
}

function withKept(Lot lot, uint256 kept_) pure returns (Lot) {
    return Lot.wrap((Lot.unwrap(lot) & ~(uint256(0xffffffffff) << 32)) | (kept_ << 32));
}

function asLate(Lot lot) pure returns (Lot) {
    return Lot.wrap(Lot.unwrap(lot) | (1 << 127));
}
