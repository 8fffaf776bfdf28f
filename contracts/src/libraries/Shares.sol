// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SHARE_BPS_TOTAL} from "./Bounds.sol";

/// @title Funding shares by largest remainders
library Shares {
    /// @notice Splits `points` by `shareBps`: each share rounded down, the points left over to the largest remainders, ties to the
    /// first listed.
    /// @param shareBps basis points that sum to 10,000.
    /// @return shares they sum to `points`.
    function split(uint256 points, uint256[] memory shareBps) internal pure returns (uint256[] memory shares) {
        uint256 count = shareBps.length;
        shares = new uint256[](count);
        uint256[] memory remainders = new uint256[](count);
        uint256 leftOver = points;
        for (uint256 i = 0; i < count; ++i) {
            uint256 product = points * shareBps[i];
            shares[i] = product / SHARE_BPS_TOTAL;
            remainders[i] = product % SHARE_BPS_TOTAL + 1;
            leftOver -= shares[i];
        }
        // Fewer points are left over than there are funders, so none gets two of them.
        for (; leftOver > 0; --leftOver) {
            uint256 largest = 0;
            for (uint256 i = 1; i < count; ++i) {
                if (remainders[i] > remainders[largest]) largest = i;
            }
            ++shares[largest];
            remainders[largest] = 0;
        }
    }
}
