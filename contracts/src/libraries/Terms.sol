// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IssuerKind} from "../interfaces/IPointsLedger.sol";

/// @notice What lots, debts and redemptions refer to: their issuer and the prices in force when they were made.
/// @dev From the low end: kind 2, issuer 16 (partner or campaign), issuePrice 30 (micro-units; of a campaign, the price of a bonus
/// point), redeemPrice 30, earnRate 14, stage 8, bonusPoints 32. Written once, never changed.
type Terms is uint256;

using {kind, issuer, issuePrice, redeemPrice, earnRate, stage, bonusPoints} for Terms global;

function partnerTerms(uint256 partner, uint256 issuePrice_, uint256 redeemPrice_, uint256 earnRate_)
    pure
    returns (Terms)
{
    return Terms.wrap(
        uint256(IssuerKind.Partner) | (partner << 2) | (issuePrice_ << 18) | (redeemPrice_ << 48) | (earnRate_ << 78)
    );
}

function stageTerms(uint256 campaign, uint256 price, uint256 stage_, uint256 bonusPoints_) pure returns (Terms) {
    return
        Terms.wrap(
            uint256(IssuerKind.Campaign) | (campaign << 2) | (price << 18) | (stage_ << 92) | (bonusPoints_ << 100)
        );
}

function refundTerms(uint256 partner) pure returns (Terms) {
    return Terms.wrap(uint256(IssuerKind.Refund) | (partner << 2));
}

function kind(Terms self) pure returns (IssuerKind) {
    return IssuerKind(Terms.unwrap(self) & 3);
}

function issuer(Terms self) pure returns (uint256) {
    return (Terms.unwrap(self) >> 2) & 0xffff;
}

function issuePrice(Terms self) pure returns (uint256) {
    return (Terms.unwrap(self) >> 18) & 0x3fffffff;
}

function redeemPrice(Terms self) pure returns (uint256) {
    return (Terms.unwrap(self) >> 48) & 0x3fffffff;
}

function earnRate(Terms self) pure returns (uint256) {
    return (Terms.unwrap(self) >> 78) & 0x3fff;
}

function stage(Terms self) pure returns (uint256) {
    return (Terms.unwrap(self) >> 92) & 0xff;
}

function bonusPoints(Terms self) pure returns (uint256) {
    return (Terms.unwrap(self) >> 100) & 0xffffffff;
}
