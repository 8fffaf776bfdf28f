// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Account, Accounts, Piece} from "./Accounts.sol";
import {DayList} from "./DayList.sol";
import {Ledger} from "./LedgerStorage.sol";
import {Lot} from "./Lot.sol";

/// @title Consuming the lots of accounts in which some are late
/// @notice Two-way merge of arrival order with the sorted list of late lots, see `Account`.
library LateLots {
    using Accounts for Ledger;
    using DayList for mapping(uint256 => uint256);

    /// @dev Where the merge of arrival order with the list of late lots stands.
    struct Cursor {
        uint256 index;
        uint256 latePosition;
        uint256 lotIndex;
        Lot lot;
        bool isLate;
    }

    /// @notice As `Accounts.consume`, and says in `pieces`, unless it is empty, which lots the points came from.
    function consume(
        Ledger storage $,
        Account memory a,
        uint256 amount,
        uint256 beforeDay,
        uint256 skip,
        Piece[] memory pieces
    ) internal returns (uint256 taken, uint256 count) {
        Cursor memory cursor;
        cursor.index = a.next - a.span;
        while (taken < amount && advance($, a, cursor)) {
            if (cursor.lot.day() >= beforeDay) break;
            uint256 left = Accounts.leftOf(a, cursor.lotIndex, cursor.lot);
            uint256 passed = skip < left ? skip : left;
            skip -= passed;
            uint256 part = left - passed < amount - taken ? left - passed : amount - taken;
            if (part > 0) {
                if (pieces.length > 0) {
                    pieces[count++] = Piece({points: part, terms: cursor.lot.terms(), day: cursor.lot.day()});
                }
                taken += part;
                Accounts.setLeft($, a, cursor.lotIndex, cursor.lot, left - part);
            }
            if (cursor.isLate) ++cursor.latePosition;
            else ++cursor.index;
        }
        a.balance -= taken;
        _dropEmptyLate($, a, cursor.latePosition);
        $.settleFirst(a);
    }

    /// @notice Finds the next lot in order of day; of one day, arrival order first.
    function advance(Ledger storage $, Account memory a, Cursor memory cursor) internal view returns (bool) {
        Lot inOrder;
        bool hasOrdered;
        for (; cursor.index < a.next; ++cursor.index) {
            inOrder = $.lotAt(a, cursor.index);
            if (!inOrder.isLate() && Accounts.leftOf(a, cursor.index, inOrder) > 0) {
                hasOrdered = true;
                break;
            }
        }
        if (cursor.latePosition < a.lateCount) {
            (uint256 day, uint256 index) = $.lateLots[a.member].entryAt(cursor.latePosition);
            if (!hasOrdered || day < inOrder.day()) {
                cursor.isLate = true;
                cursor.lotIndex = index;
                cursor.lot = $.lotAt(a, index);
                return true;
            }
        }
        cursor.isLate = false;
        cursor.lotIndex = cursor.index;
        cursor.lot = inOrder;
        return hasOrdered;
    }

    /// @dev Takes lots with nothing left out of the first `reached + 1` of the late list.
    function _dropEmptyLate(Ledger storage $, Account memory a, uint256 reached) private {
        mapping(uint256 => uint256) storage list = $.lateLots[a.member];
        uint256 end = reached < a.lateCount ? reached + 1 : a.lateCount;
        uint256 run = 0;
        for (uint256 i = end; i > 0; --i) {
            (, uint256 index) = list.entryAt(i - 1);
            if ($.lotAt(a, index).left() == 0) {
                ++run;
                continue;
            }
            list.remove(a.lateCount, i, run);
            a.lateCount -= run;
            run = 0;
        }
        list.remove(a.lateCount, 0, run);
        a.lateCount -= run;
    }
}
