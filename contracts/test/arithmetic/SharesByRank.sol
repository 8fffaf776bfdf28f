// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The rule of shares said otherwise than in `Shares`: of the points that rounding down leaves over, a funder gets one when fewer
/// others than there are such points come before it, by remainder and then by place.
function sharesByRank(uint256 points, uint256[] memory bps) pure returns (uint256[] memory shares) {
    shares = new uint256[](bps.length);
    uint256 rest = 0;
    for (uint256 i = 0; i < bps.length; ++i) {
        rest += points * bps[i] % 10_000;
    }
    uint256 leftOver = rest / 10_000;
    for (uint256 i = 0; i < bps.length; ++i) {
        uint256 remainder = points * bps[i] % 10_000;
        uint256 before = 0;
        for (uint256 j = 0; j < bps.length; ++j) {
            uint256 other = points * bps[j] % 10_000;
            if (other > remainder || (other == remainder && j < i)) ++before;
        }
        shares[i] = (points * bps[i] - remainder) / 10_000 + (before < leftOver ? 1 : 0);
    }
}
