// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What the operations of one submission share and its libraries need: read once, when the submission is admitted.
struct Standing {
    uint256 today;
    /// @dev The partner's terms in force.
    uint256 termsId;
    bool isSuspended;
    /// @dev The partner has risk limits, or a delegate submits, which has its own.
    bool hasLimits;
}
