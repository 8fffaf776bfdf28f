// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {LedgerState, PositionSlots, StatementSlots} from "../../src/libraries/LedgerStorage.sol";
import {Positions} from "../../src/libraries/Positions.sol";

/// @notice For halmos: a cycle without lines passes any residual on. What a statement rounds and carries is in `RoundingProofs`.
contract NettingProofs is Test, LedgerState {
    uint256 private constant PARTNER = 1;
    int256 private constant HALF_CENT = 5000;

    /// @dev The residual goes through it and nothing becomes payable.
    function check_AnEmptyCycleIsEmpty(int64 carried) public {
        _begin(carried);
        StatementSlots storage statement = _close();
        assert(statement.payableMinor == 0);
        assert(statement.carriedOut == carried);
    }

    /// @dev A cent has 10,000 micro-units, and no more than half of one is ever carried.
    function _begin(int64 carried) private {
        vm.assume(carried <= HALF_CENT && carried >= -HALF_CENT);
        ledger.program.currencyDecimals = 2;
        ledger.positions[PARTNER].carriedMicro = carried;
    }

    function _close() private returns (StatementSlots storage statement) {
        PositionSlots storage position = ledger.positions[PARTNER];
        uint256 cycle = position.cycle;
        ++ledger.program.cycle;
        Positions.roll(ledger, PARTNER);
        return ledger.statements[cycle][PARTNER];
    }
}
