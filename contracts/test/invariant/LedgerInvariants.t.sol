// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FuzzSelector, Test} from "../Test.sol";
import {LedgerHandler} from "./LedgerHandler.sol";

/// @notice The ledger rules' "Always true", after any mixture of all operations.
contract LedgerInvariantsTest is Test {
    LedgerHandler private handler;

    function setUp() public {
        handler = new LedgerHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({addr: address(handler), selectors: handler.selectors()});
    }

    function invariant_AlwaysTrue() external view {
        handler.assertAlwaysTrue();
    }

    function afterInvariant() external {
        handler.tellStatistics();
    }

    /// @dev What the runs mix is only worth something when every kind really comes about.
    function test_EveryKindComesAbout() external {
        bytes4[] memory all = handler.selectors();
        for (uint256 i = 0; i < 2000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("every kind", i)));
            (bool success, bytes memory failure) =
                address(handler).call(abi.encodeWithSelector(all[seed % all.length], seed));
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(failure, 32), mload(failure))
                }
            }
            if (i % 50 == 0) handler.assertAlwaysTrue();
        }
        handler.assertAlwaysTrue();
        bytes32[32] memory kinds = handler.kinds();
        for (uint256 i = 0; i < kinds.length; ++i) {
            vm.assertTrue(handler.appliedCount(kinds[i]) > 0, string(abi.encodePacked(kinds[i])));
        }
    }
}
