// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Dice} from "./Dice.sol";
import {sharesByRank} from "./SharesByRank.sol";
import {Shares} from "../../src/libraries/Shares.sol";

/// @notice Who pays how many points of a bonus.
contract SharesTest is Test {
    function test_SharesGoToTheLargestRemaindersAndTiesToTheFirst() public pure {
        uint256[] memory bps = new uint256[](3);
        (bps[0], bps[1], bps[2]) = (5000, 3000, 2000);
        uint256[] memory shares = Shares.split(1001, bps);
        vm.assertEq(shares[0], 501, "500.5");
        vm.assertEq(shares[1], 300, "300.3");
        vm.assertEq(shares[2], 200, "200.2");
        (bps[0], bps[1], bps[2]) = (2500, 5000, 2500);
        shares = Shares.split(2, bps);
        vm.assertEq(shares[0], 1, "a tie of 0.5 with the last goes to the first");
        vm.assertEq(shares[1], 1, "1");
        vm.assertEq(shares[2], 0, "0.5");
    }

    function testFuzz_SharesSumAndStayWithinOne(uint256 seed) public pure {
        Dice memory dice = Dice(seed);
        uint256[] memory bps = _drawBps(dice);
        uint256 points = _drawPoints(dice);
        uint256[] memory shares = Shares.split(points, bps);
        uint256 sum = 0;
        for (uint256 i = 0; i < bps.length; ++i) {
            sum += shares[i];
            vm.assertTrue(shares[i] * 10_000 <= points * bps[i] + 9999, "less than one above the exact share");
            vm.assertTrue(shares[i] * 10_000 + 9999 >= points * bps[i], "less than one below");
        }
        vm.assertEq(sum, points, "all points");
    }

    function testFuzz_LeftOverPointsGoByRank(uint256 seed) public pure {
        Dice memory dice = Dice(seed);
        uint256[] memory bps = _drawBps(dice);
        uint256 points = _drawPoints(dice);
        uint256[] memory shares = Shares.split(points, bps);
        uint256[] memory expected = sharesByRank(points, bps);
        for (uint256 i = 0; i < bps.length; ++i) {
            vm.assertEq(shares[i], expected[i], "share");
        }
    }

    function _drawPoints(Dice memory dice) private pure returns (uint256) {
        return dice.oneIn(2) ? dice.below(30) : dice.below(4_000_000_001);
    }

    /// @dev 1 … 64 shares that sum to 10,000; of many funders half have the same one, so that there are ties.
    function _drawBps(Dice memory dice) private pure returns (uint256[] memory bps) {
        bps = new uint256[](dice.oneIn(4) ? dice.between(1, 64) : dice.between(2, 5));
        uint256 left = 10_000;
        uint256 usual = left / bps.length;
        for (uint256 i = 0; i + 1 < bps.length; ++i) {
            bps[i] = dice.oneIn(2) ? (usual < left ? usual : left) : dice.below(2 * usual < left ? 2 * usual : left + 1);
            left -= bps[i];
        }
        bps[bps.length - 1] = left;
    }
}
