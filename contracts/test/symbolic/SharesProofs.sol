// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Shares} from "../../src/libraries/Shares.sol";

/// @notice For halmos: what holds of funding shares for every number of points, by some shares that leave much over.
contract SharesProofs is Test {
    function check_Thirds(uint32 points) public pure {
        uint256[] memory bps = new uint256[](3);
        (bps[0], bps[1], bps[2]) = (3333, 3333, 3334);
        _checkShares(points, bps);
    }

    function check_AlmostAll(uint32 points) public pure {
        uint256[] memory bps = new uint256[](2);
        (bps[0], bps[1]) = (1, 9999);
        _checkShares(points, bps);
    }

    /// @dev Rounding down leaves over fewer points than there are funders: no path has more rounds of the loop than halmos goes.
    function check_FewerPointsAreLeftOverThanFunders(uint32 points) public pure {
        uint256 thirds = 2 * (points * uint256(3333) / 10_000) + points * uint256(3334) / 10_000;
        assert(thirds <= points && points - thirds < 3);
        uint256 almostAll = points * uint256(1) / 10_000 + points * uint256(9999) / 10_000;
        assert(almostAll <= points && points - almostAll < 2);
    }

    /// @dev They sum to the points, and each is the exact share rounded up or down.
    function _checkShares(uint256 points, uint256[] memory bps) private pure {
        uint256[] memory shares = Shares.split(points, bps);
        uint256 sum = 0;
        for (uint256 i = 0; i < bps.length; ++i) {
            sum += shares[i];
            assert(shares[i] * 10_000 < points * bps[i] + 10_000);
            assert(shares[i] * 10_000 + 10_000 > points * bps[i]);
        }
        assert(sum == points);
    }
}
