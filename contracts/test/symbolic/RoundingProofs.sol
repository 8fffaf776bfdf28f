// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {MinorUnits} from "../../src/libraries/MinorUnits.sol";

/// @notice For halmos: what holds of rounding for every amount within the ledger's bounds.
contract RoundingProofs is Test {
    function check_PointsForSpendAreTheFloor(uint40 spend, uint16 rate) public pure {
        vm.assume(spend <= 1e12 && rate <= 10_000);
        uint256 points = MinorUnits.pointsForSpendFloor(spend, rate);
        uint256 hundredths = uint256(spend) * rate;
        assert(100 * points <= hundredths);
        assert(hundredths < 100 * points + 100);
    }

    /// @dev What a return takes back: the points of what was kept less the points of what is still kept.
    function check_ReturnsTakeBackNoMoreThanWasIssued(uint40 kept, uint40 spend, uint16 rate) public pure {
        vm.assume(spend <= kept && kept <= 1e12 && rate <= 10_000);
        uint256 before = MinorUnits.pointsForSpendFloor(kept, rate);
        uint256 after_ = MinorUnits.pointsForSpendFloor(kept - spend, rate);
        assert(after_ <= before);
    }

    function check_RoundHalfEven_NoDecimals(uint64 amount) public pure {
        _checkRoundHalfEven(int256(uint256(amount)), 1_000_000);
    }

    function check_RoundHalfEven_NoDecimals_Negative(uint64 amount) public pure {
        _checkRoundHalfEven(-int256(uint256(amount)), 1_000_000);
    }

    function check_RoundHalfEven_2Decimals(uint64 amount) public pure {
        _checkRoundHalfEven(int256(uint256(amount)), 10_000);
    }

    function check_RoundHalfEven_2Decimals_Negative(uint64 amount) public pure {
        _checkRoundHalfEven(-int256(uint256(amount)), 10_000);
    }

    function _checkRoundHalfEven(int256 exact, int256 unit) private pure {
        (int256 minor, int256 residual) = MinorUnits.roundHalfEven(exact, unit);
        assert(minor * unit + residual == exact);
        assert(2 * residual <= unit && 2 * residual >= -unit);
        if (2 * residual == unit || 2 * residual == -unit) assert(minor % 2 == 0);
    }
}
