// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Account, Accounts, Piece} from "./Accounts.sol";
import {DayList} from "./DayList.sol";
import {Ledger} from "./LedgerStorage.sol";
import {spendAt} from "./Spend.sol";

/// @title What a touch would leave, without touching
/// @notice A second, plain statement of the touch rule over copies in memory. It decides `insufficient_points`, so that a rejected
/// operation writes nothing, and answers `availableOf`.
library Preview {
    using Accounts for Ledger;
    using Accounts for Account;
    using DayList for mapping(uint256 => uint256);

    struct State {
        Piece[] lots;
        uint256 balance;
        uint256 held;
        uint256 debt;
    }

    /// @notice Points available once the account is brought to `today`.
    function available(Ledger storage $, Account memory a, uint256 today) internal view returns (uint256) {
        if (!a.isDue(today)) return a.available();
        State memory state = touched($, a, today);
        return state.balance - state.held;
    }

    /// @notice Lots, held points and debt once the account is brought to `today`.
    function touched(Ledger storage $, Account memory a, uint256 today) internal view returns (State memory state) {
        (state.lots,) = $.ordered(a);
        (state.balance, state.held, state.debt) = (a.balance, a.held, a.debt);
        for (uint256 i = 0; i < a.holdCount;) {
            (uint256 lastDay,) = $.pendingHolds[a.member].entryAt(i);
            if (lastDay >= today) break;
            for (; i < a.holdCount; ++i) {
                (uint256 day, uint256 nonce) = $.pendingHolds[a.member].entryAt(i);
                if (day != lastDay) break;
                state.held -= spendAt($, a.member, nonce).points();
            }
            _expire(state, lastDay + 1);
            _repay(state);
        }
        _expire(state, today);
        _repay(state);
    }

    function _expire(State memory state, uint256 day) private pure {
        uint256 skip = state.held;
        for (uint256 i = 0; i < state.lots.length && state.lots[i].day < day; ++i) {
            uint256 kept = state.lots[i].points < skip ? state.lots[i].points : skip;
            skip -= kept;
            state.balance -= state.lots[i].points - kept;
            state.lots[i].points = kept;
        }
    }

    function _repay(State memory state) private pure {
        uint256 amount = state.balance - state.held;
        if (state.debt < amount) amount = state.debt;
        state.debt -= amount;
        state.balance -= amount;
        for (uint256 i = 0; amount > 0; ++i) {
            uint256 part = state.lots[i].points < amount ? state.lots[i].points : amount;
            state.lots[i].points -= part;
            amount -= part;
        }
    }
}
