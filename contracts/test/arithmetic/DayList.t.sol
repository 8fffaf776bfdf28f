// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Dice} from "./Dice.sol";
import {DayList} from "../../src/libraries/DayList.sol";

/// @notice The sorted list in storage against an array that is kept sorted the long way.
contract DayListTest is Test {
    using DayList for mapping(uint256 => uint256);

    mapping(uint256 => uint256) private list;
    uint256[2][] private expected;

    function test_HoldsTheLargestDayAndReference() public {
        uint256 day = (1 << 20) - 1;
        uint256 reference_ = (1 << 22) - 1;
        for (uint256 i = 0; i < 7; ++i) {
            list.insert(i, i % 2 == 0 ? day : 0, i % 2 == 0 ? reference_ : i);
        }
        for (uint256 i = 0; i < 7; ++i) {
            (uint256 foundDay, uint256 found) = list.entryAt(i);
            vm.assertEq(foundDay, i < 3 ? 0 : day, "day");
            vm.assertEq(found, i < 3 ? 2 * i + 1 : reference_, "reference");
        }
    }

    function testFuzz_StaysSortedThroughInsertsAndRemovals(uint256 seed) public {
        Dice memory dice = Dice(seed);
        uint256 days_ = dice.between(1, 12);
        for (uint256 step = 0; step < 40; ++step) {
            if (expected.length > 0 && dice.oneIn(4)) {
                uint256 position = dice.below(expected.length);
                uint256 length = dice.between(0, expected.length - position < 8 ? expected.length - position : 8);
                list.remove(expected.length, position, length);
                _remove(position, length);
            } else {
                uint256 day = dice.oneIn(8) ? (1 << 20) - 1 - dice.below(2) : dice.below(days_);
                uint256 reference_ = dice.below(1 << 22);
                list.insert(expected.length, day, reference_);
                _insert(day, reference_);
            }
            _compare();
        }
    }

    function _compare() private view {
        for (uint256 i = 0; i < expected.length; ++i) {
            (uint256 day, uint256 reference_) = list.entryAt(i);
            vm.assertEq(day, expected[i][0], "day");
            vm.assertEq(reference_, expected[i][1], "reference");
        }
    }

    /// @dev Appended, then moved forward past all later days.
    function _insert(uint256 day, uint256 reference_) private {
        expected.push([day, reference_]);
        for (uint256 i = expected.length - 1; i > 0 && expected[i - 1][0] > expected[i][0]; --i) {
            uint256[2] memory later = expected[i - 1];
            expected[i - 1] = expected[i];
            expected[i] = later;
        }
    }

    function _remove(uint256 position, uint256 length) private {
        for (; length > 0; --length) {
            for (uint256 i = position; i + 1 < expected.length; ++i) {
                expected[i] = expected[i + 1];
            }
            expected.pop();
        }
    }
}
