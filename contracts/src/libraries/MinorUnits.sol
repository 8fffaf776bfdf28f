// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Rounding between points, minor units and micro-units
library MinorUnits {
    /// @param decimals decimals of the currency, 0 … 3.
    /// @return micro-units in one minor unit.
    function microPerMinor(uint256 decimals) internal pure returns (uint256) {
        return 10 ** (6 - decimals);
    }

    /// @notice Points for a spend at a rate of points per 100 minor units, rounded down.
    /// @param spendMinor of 40 bits.
    /// @param earnRate of 14 bits.
    function pointsForSpendFloor(uint256 spendMinor, uint256 earnRate) internal pure returns (uint256) {
        // 54 bits.
        unchecked {
            return spendMinor * earnRate / 100;
        }
    }

    /// @notice Whole minor units in `exactMicro`, rounded half to even.
    /// @return minor rounded amount.
    /// @return residualMicro exactMicro − minor × unitMicro; at most half a unit either way.
    function roundHalfEven(int256 exactMicro, int256 unitMicro)
        internal
        pure
        returns (int256 minor, int256 residualMicro)
    {
        minor = exactMicro / unitMicro;
        residualMicro = exactMicro % unitMicro;
        if (residualMicro < 0) {
            --minor;
            residualMicro += unitMicro;
        }
        int256 twice = 2 * residualMicro;
        if (twice > unitMicro || (twice == unitMicro && minor % 2 != 0)) {
            ++minor;
            residualMicro -= unitMicro;
        }
    }
}
