// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {MinorUnits} from "../../src/libraries/MinorUnits.sol";

/// @notice Points for a spend, and micro-units in minor units.
contract RoundingTest is Test {
    function test_MicroUnitsInAMinorUnit() public pure {
        vm.assertEq(MinorUnits.microPerMinor(0), uint256(1_000_000), "a currency without decimals");
        vm.assertEq(MinorUnits.microPerMinor(1), uint256(100_000), "1 decimal");
        vm.assertEq(MinorUnits.microPerMinor(2), uint256(10_000), "2 decimals");
        vm.assertEq(MinorUnits.microPerMinor(3), uint256(1000), "3 decimals");
    }

    function test_PointsForSpendAreRoundedDown() public pure {
        vm.assertEq(MinorUnits.pointsForSpendFloor(99, 1), uint256(0), "0.99");
        vm.assertEq(MinorUnits.pointsForSpendFloor(100, 1), uint256(1), "1.00");
        vm.assertEq(MinorUnits.pointsForSpendFloor(1999, 5), uint256(99), "99.95");
        vm.assertEq(MinorUnits.pointsForSpendFloor(33, 150), uint256(49), "49.5");
        vm.assertEq(MinorUnits.pointsForSpendFloor(1e12, 10_000), uint256(1e14), "the largest");
    }

    /// @dev The one number p with 100 p ≤ spend × rate < 100 (p + 1).
    function testFuzz_PointsForSpend(uint256 spend, uint256 rate) public pure {
        spend = bound(spend, 0, 1e12);
        rate = bound(rate, 0, 10_000);
        uint256 points = MinorUnits.pointsForSpendFloor(spend, rate);
        vm.assertTrue(100 * points <= spend * rate, "not more than earned");
        vm.assertTrue(spend * rate < 100 * (points + 1), "not a whole point less");
    }

    function test_RoundsHalfToEven() public pure {
        int256[10] memory exact = [int256(15_000), 25_000, -15_000, -25_000, 14_999, 15_001, 0, -5000, -14_999, 10_000];
        int256[10] memory minor = [int256(2), 2, -2, -2, 1, 2, 0, 0, -1, 1];
        for (uint256 i = 0; i < 10; ++i) {
            (int256 rounded, int256 residual) = MinorUnits.roundHalfEven(exact[i], 10_000);
            vm.assertEq(rounded, minor[i], "minor");
            vm.assertEq(rounded * 10_000 + residual, exact[i], "residual");
        }
    }

    /// @param nearTie drawn so that most amounts lie on a tie or beside one.
    function testFuzz_RoundingCarriesTheResidual(int96 whole, uint8 nearTie, uint8 decimals) public pure {
        int256 unit = int256(MinorUnits.microPerMinor(decimals % 4));
        int256 exact =
            int256(whole) * unit + int256(uint256(nearTie % 3)) * (unit / 2) + int256(uint256(nearTie / 64)) - 1;
        (int256 minor, int256 residual) = MinorUnits.roundHalfEven(exact, unit);
        vm.assertEq(minor * unit + residual, exact, "nothing is lost");
        vm.assertTrue(2 * residual <= unit && 2 * residual >= -unit, "half a unit at most");
        if (2 * residual == unit || 2 * residual == -unit) vm.assertTrue(minor % 2 == 0, "ties to even");
    }
}
