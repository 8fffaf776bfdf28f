// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Random choices of a test, all of them from one fuzzed seed.
struct Dice {
    uint256 state;
}

using {below, between, oneIn} for Dice global;

function below(Dice memory dice, uint256 limit) pure returns (uint256) {
    dice.state = uint256(keccak256(abi.encode(dice.state)));
    return dice.state % limit;
}

/// @dev Both ends included.
function between(Dice memory dice, uint256 least, uint256 most) pure returns (uint256) {
    return least + dice.below(most - least + 1);
}

function oneIn(Dice memory dice, uint256 chances) pure returns (bool) {
    return dice.below(chances) == 0;
}
