// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ledger} from "./LedgerStorage.sol";

/// @notice A hold, or a redemption that can be refunded, under the nonce of the member's authorisation. 128 bits, two to a slot.
/// @dev From the low end: points 32 (held, or burned and not refunded), day 20 (a hold's last day; else the day of burning),
/// terms 20 (the partner's at that time), state 3, tag 16 (of the redemption's or hold's sequence number), captureTag 16.
type Spend is uint256;

using {points, day, terms, state, tag, captureTag, withPoints, withState} for Spend global;

uint256 constant SPEND_NONE = 0;
uint256 constant SPEND_HELD = 1;
uint256 constant SPEND_CAPTURED = 2;
uint256 constant SPEND_VOIDED = 3;
uint256 constant SPEND_REDEEMED = 4;

function newSpend(uint256 points_, uint256 day_, uint256 terms_, uint256 state_, uint256 tag_, uint256 captureTag_)
    pure
    returns (Spend)
{
    return Spend.wrap(points_ | (day_ << 32) | (terms_ << 52) | (state_ << 72) | (tag_ << 75) | (captureTag_ << 91));
}

/// @dev 1 … 65,535: 0 names nothing.
function spendTag(uint256 sequence) pure returns (uint256) {
    return sequence % 65_535 + 1;
}

/// @notice The record under a nonce of the member.
function spendAt(Ledger storage $, address member, uint256 nonce) view returns (Spend) {
    return Spend.wrap(($.spendPairs[member][nonce >> 1] >> ((nonce & 1) << 7)) & ((1 << 128) - 1));
}

function writeSpend(Ledger storage $, address member, uint256 nonce, Spend spend) {
    mapping(uint256 => uint256) storage pairs = $.spendPairs[member];
    uint256 shift = (nonce & 1) << 7;
    uint256 mask = ((1 << 128) - 1) << shift;
    pairs[nonce >> 1] = (pairs[nonce >> 1] & ~mask) | (Spend.unwrap(spend) << shift);
}

function points(Spend self) pure returns (uint256) {
    return Spend.unwrap(self) & 0xffffffff;
}

function day(Spend self) pure returns (uint256) {
    return (Spend.unwrap(self) >> 32) & 0xfffff;
}

function terms(Spend self) pure returns (uint256) {
    return (Spend.unwrap(self) >> 52) & 0xfffff;
}

function state(Spend self) pure returns (uint256) {
    return (Spend.unwrap(self) >> 72) & 7;
}

function tag(Spend self) pure returns (uint256) {
    return (Spend.unwrap(self) >> 75) & 0xffff;
}

function captureTag(Spend self) pure returns (uint256) {
    return (Spend.unwrap(self) >> 91) & 0xffff;
}

function withPoints(Spend self, uint256 points_) pure returns (Spend) {
    return Spend.wrap((Spend.unwrap(self) & ~uint256(0xffffffff)) | points_);
}

function withState(Spend self, uint256 state_) pure returns (Spend) {
    return Spend.wrap((Spend.unwrap(self) & ~(uint256(7) << 72)) | (state_ << 72));
}
