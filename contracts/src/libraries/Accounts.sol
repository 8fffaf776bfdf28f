// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DAY_MAX, LOT_INDEX_MAX, OPEN_LOTS_MAX} from "./Bounds.sol";
import {DayList} from "./DayList.sol";
import {LateLots} from "./LateLots.sol";
import {Ledger} from "./LedgerStorage.sol";
import {Lot, dayOnly} from "./Lot.sol";

/// @notice A member's account while an operation works on it.
/// @dev Lots stay where they were numbered, two to a slot; an odd last lot stays in the head. Lots in *arrival order* have days that never
/// go down, so they are consumed from `first = next − span` on: below it nothing is left, at it `firstLeft` is, above it what each lot says.
/// A lot whose day is before the last of arrival order (posted late, refunded, received) is marked late, keeps what it has left in its own
/// word and stands in a sorted list besides. Of one day, arrival order goes first: the list's lots of a day came after all of them.
struct Account {
    address member;
    /// @dev Lot `next − 1` while `next` is odd, else only the last day of arrival order.
    Lot oddLot;
    uint256 firstLeft;
    uint256 next;
    uint256 span;
    uint256 balance;
    /// @dev The soonest day on which a lot lives last, or DAY_MAX.
    uint256 soonest;
    bool isEncumbered;
    uint256 held;
    uint256 debt;
    uint256 debtFirst;
    uint256 debtNext;
    uint256 holdCount;
    uint256 lateCount;
    /// @dev Last day of arrival order while the odd lot is a late one.
    uint256 lastOrderedDay;
    uint256 soonestHold;
}

/// @notice A part of a lot on its way to another member.
struct Piece {
    uint256 points;
    uint256 terms;
    uint256 day;
}

/// @title Packing, numbering and consuming a member's lots
library Accounts {
    using DayList for mapping(uint256 => uint256);

    /// @dev No lot has this number.
    uint256 internal constant NOT_PLAIN = type(uint256).max;

    uint256 private constant BIT_43 = (1 << 43) - 1;
    uint256 private constant BIT_44 = (1 << 44) - 1;
    uint256 private constant BIT_128 = (1 << 128) - 1;

    // Head, from the low end (`PlainAccounts` reads it too): odd lot 128, first left 32, next 21, span 11, balance 43, encumbered 1, soonest 20.
    // Encumbrance: held 44, debt 44, debt first 20, debt next 20, holds 12, late lots 12, last ordered day 20, soonest hold 20.

    function load(Ledger storage $, address member) internal view returns (Account memory a) {
        loadInto($, a, member);
    }

    function loadInto(Ledger storage $, Account memory a, address member) internal view {
        uint256 head = $.heads[member];
        a.member = member;
        a.oddLot = Lot.wrap(head & BIT_128);
        a.firstLeft = (head >> 128) & 0xffffffff;
        a.next = (head >> 160) & 0x1fffff;
        a.span = (head >> 181) & 0x7ff;
        a.balance = (head >> 192) & BIT_43;
        a.soonest = a.balance == 0 ? DAY_MAX : head >> 236;
        if ((head >> 235) & 1 == 1) _loadEncumbrance(a, $.encumbrances[member]);
        else a.soonestHold = DAY_MAX;
    }

    function _loadEncumbrance(Account memory a, uint256 word) private pure {
        a.isEncumbered = true;
        a.held = word & BIT_44;
        a.debt = (word >> 44) & BIT_44;
        a.debtFirst = (word >> 88) & 0xfffff;
        a.debtNext = (word >> 108) & 0xfffff;
        a.holdCount = (word >> 128) & 0xfff;
        a.lateCount = (word >> 140) & 0xfff;
        a.lastOrderedDay = (word >> 152) & 0xfffff;
        a.soonestHold = (word >> 172) & 0xfffff;
    }

    function store(Ledger storage $, Account memory a) internal {
        bool oddIsLate = a.next % 2 == 1 && a.oddLot.isLate();
        bool encumbered = a.holdCount > 0 || a.debt > 0 || a.lateCount > 0 || oddIsLate;
        if (encumbered || a.isEncumbered) {
            $.encumbrances[a.member] = encumbered
                ? a.held | (a.debt << 44) | (a.debtFirst << 88) | (a.debtNext << 108) | (a.holdCount << 128)
                    | (a.lateCount << 140) | (a.lastOrderedDay << 152) | (a.soonestHold << 172)
                : 0;
        }
        $.heads[a.member] = Lot.unwrap(a.oddLot) | (a.firstLeft << 128) | (a.next << 160) | (a.span << 181)
            | (a.balance << 192) | (encumbered ? 1 << 235 : 0) | (a.soonest << 236);
    }

    function available(Account memory a) internal pure returns (uint256) {
        return a.balance - a.held;
    }

    /// @notice Whether a touch on `today` could change anything.
    function isDue(Account memory a, uint256 today) internal pure returns (bool) {
        return a.soonest < today || a.soonestHold < today;
    }

    function openLots(Account memory a) internal pure returns (uint256) {
        return a.span + a.lateCount;
    }

    // ---------------------------------------------------------------- lots

    function lotAt(Ledger storage $, Account memory a, uint256 index) internal view returns (Lot) {
        if (index + 1 == a.next && a.next & 1 == 1) return a.oddLot;
        return Lot.wrap(($.lotPairs[a.member][index >> 1] >> ((index & 1) << 7)) & BIT_128);
    }

    function writeLot(Ledger storage $, Account memory a, uint256 index, Lot lot) internal {
        if (index + 1 == a.next && a.next % 2 == 1) {
            a.oddLot = lot;
            return;
        }
        uint256 shift = (index & 1) << 7;
        mapping(uint256 => uint256) storage pairs = $.lotPairs[a.member];
        pairs[index >> 1] = (pairs[index >> 1] & ~(BIT_128 << shift)) | (Lot.unwrap(lot) << shift);
    }

    function leftOf(Account memory a, uint256 index, Lot lot) internal pure returns (uint256) {
        if (lot.isLate()) return lot.left();
        uint256 first = a.next - a.span;
        if (index < first) return 0;
        return index == first ? a.firstLeft : lot.left();
    }

    function setLeft(Ledger storage $, Account memory a, uint256 index, Lot lot, uint256 left) internal {
        if (!lot.isLate() && index == a.next - a.span) a.firstLeft = left;
        else writeLot($, a, index, lot.withLeft(left));
    }

    /// @notice Adds a lot behind the others of its day and counts its points in the balance.
    /// @param lot with the points that it begins with in `left`; 0 for a purchase that earned nothing.
    /// @return index its number in the account, for ever.
    function issue(Ledger storage $, Account memory a, Lot lot) internal returns (uint256 index) {
        index = a.next;
        uint256 day = lot.day();
        uint256 points = lot.left();
        uint256 lastDay = _lastOrderedDay(a);
        if (day < lastDay && openLots(a) > 0) {
            _append($, a, lot.asLate(), lastDay);
            if (points > 0) {
                $.lateLots[a.member].insert(a.lateCount, day, index);
                ++a.lateCount;
            }
            if (a.span > 0) ++a.span;
        } else {
            _append($, a, lot, day);
            if (a.span > 0) {
                ++a.span;
            } else if (points > 0) {
                a.span = 1;
                a.firstLeft = points;
            }
        }
        if (points == 0) return index;
        a.balance += points;
        if (day < a.soonest) a.soonest = day;
    }

    /// @notice As `issue`, for the account that most purchases meet: nothing is held or owed, nothing is due, and the lot is last in order.
    /// @dev Works on the head's word alone, for a third of the gas. `testFuzz_PlainIssueEqualsIssue` holds the two together.
    /// @return index the lot's number, or `NOT_PLAIN`: then nothing was written.
    function issuePlain(Ledger storage $, address member, Lot lot, uint256 today) internal returns (uint256 index) {
        uint256 head = $.heads[member];
        uint256 next = (head >> 160) & 0x1fffff;
        uint256 span = (head >> 181) & 0x7ff;
        uint256 day = lot.day();
        index = NOT_PLAIN;
        // One branch for: something is held, owed or late; the account is full; or the lot is not last, or another is due.
        bool isPlain;
        (uint256 openMax, uint256 indexMax) = (OPEN_LOTS_MAX, LOT_INDEX_MAX);
        assembly ("memory-safe") {
            let isOrdered := iszero(or(lt(shr(236, head), today), lt(day, and(shr(92, head), 0xfffff))))
            isPlain := and(and(lt(span, openMax), lt(next, indexMax)), or(isOrdered, iszero(span)))
            isPlain := and(isPlain, iszero(and(shr(235, head), 1)))
        }
        if (isPlain) {
            index = next;
            uint256 odd = Lot.unwrap(lot);
            uint256 points = lot.left();
            // Nothing overflows its bits: the span and the index are below their bounds, and so many lots fit the balance.
            unchecked {
                if (next & 1 == 1) {
                    $.lotPairs[member][next >> 1] = (head & BIT_128) | (odd << 128);
                    odd = Lot.unwrap(dayOnly(day));
                }
                if (span > 0) {
                    $.heads[member] = ((head & ~BIT_128) | odd) + ((points << 192) | (1 << 181) | (1 << 160));
                } else {
                    // An account without open lots has no points: its balance was 0.
                    $.heads[member] = odd | ((next + 1) << 160)
                        | (points > 0 ? (points << 128) | (1 << 181) | (points << 192) | (day << 236) : DAY_MAX << 236);
                }
            }
        }
    }

    function _append(Ledger storage $, Account memory a, Lot lot, uint256 lastDay) private {
        uint256 index = a.next;
        if (index % 2 == 0) {
            a.oddLot = lot;
        } else {
            $.lotPairs[a.member][index >> 1] = Lot.unwrap(a.oddLot) | (Lot.unwrap(lot) << 128);
            a.oddLot = dayOnly(lastDay);
        }
        a.lastOrderedDay = lastDay;
        a.next = index + 1;
    }

    function _lastOrderedDay(Account memory a) private pure returns (uint256) {
        return a.next % 2 == 1 && a.oddLot.isLate() ? a.lastOrderedDay : a.oddLot.day();
    }

    // ---------------------------------------------------------------- consuming

    /// @notice Takes up to `amount` points, soonest-expiring first, from lots whose day is before `beforeDay`, after passing over the
    /// first `skip` points.
    /// @return taken points that left the balance.
    function consume(Ledger storage $, Account memory a, uint256 amount, uint256 beforeDay, uint256 skip)
        internal
        returns (uint256 taken)
    {
        Piece[] memory none;
        if (a.lateCount > 0 || skip > 0) (taken,) = LateLots.consume($, a, amount, beforeDay, skip, none);
        else taken = _consumeOrdered($, a, amount, beforeDay);
    }

    /// @notice As `consume` of `amount` points, and says which lots they came from.
    function collect(Ledger storage $, Account memory a, uint256 amount) internal returns (Piece[] memory pieces) {
        pieces = new Piece[](openLots(a));
        uint256 count = 0;
        if (a.lateCount > 0) {
            (, count) = LateLots.consume($, a, amount, DAY_MAX + 1, 0, pieces);
            amount = 0;
        }
        while (amount > 0 && a.span > 0) {
            Lot lot = lotAt($, a, a.next - a.span);
            uint256 part = a.firstLeft < amount ? a.firstLeft : amount;
            pieces[count++] = Piece({points: part, terms: lot.terms(), day: lot.day()});
            amount -= part;
            a.balance -= part;
            a.firstLeft -= part;
            if (a.firstLeft == 0) settleFirst($, a);
        }
        assembly ("memory-safe") {
            mstore(pieces, count)
        }
    }

    /// @dev Where all open lots are in arrival order: writes nothing but the account, and reads each slot once for both of its lots.
    function _consumeOrdered(Ledger storage $, Account memory a, uint256 amount, uint256 beforeDay)
        private
        view
        returns (uint256 taken)
    {
        uint256 balance = a.balance;
        if (amount > balance) amount = balance;
        uint256 day = a.soonest;
        if (amount == 0 || day >= beforeDay) return 0;
        uint256 index = a.next - a.span;
        uint256 left = a.firstLeft;
        // Lots below `next` have the balance between them, and those that stand in the late list as used up have nothing.
        unchecked {
            if (amount < balance || beforeDay <= DAY_MAX) {
                mapping(uint256 => uint256) storage pairs = $.lotPairs[a.member];
                uint256 oddIndex = a.next & 1 == 1 ? a.next - 1 : NOT_PLAIN;
                uint256 pair = amount < left || index & 1 == 1 || index == oddIndex ? 0 : pairs[index >> 1];
                while (amount - taken >= left) {
                    taken += left;
                    if (taken == balance) break;
                    uint256 lot;
                    do {
                        if (++index & 1 == 1) {
                            lot = pair >> 128;
                        } else {
                            pair = index == oddIndex ? Lot.unwrap(a.oddLot) : pairs[index >> 1];
                            lot = pair;
                        }
                        left = lot & 0xffffffff;
                    } while (left == 0);
                    day = (lot >> 92) & 0xfffff;
                    if (day >= beforeDay) break;
                }
                if (day < beforeDay) {
                    left -= taken == balance ? 0 : amount - taken;
                    taken = amount;
                }
            } else {
                taken = amount;
            }
            a.balance = balance - taken;
        }
        (a.span, a.firstLeft, a.soonest) = (a.next - index, left, day);
        if (a.balance == 0) settleFirst($, a);
    }

    /// @notice All open lots in the order in which they are consumed. Changes nothing.
    /// @return pieces what is left of each.
    /// @return indexes their numbers in the account.
    function ordered(Ledger storage $, Account memory a)
        internal
        view
        returns (Piece[] memory pieces, uint256[] memory indexes)
    {
        pieces = new Piece[](openLots(a));
        indexes = new uint256[](pieces.length);
        uint256 count = 0;
        LateLots.Cursor memory cursor;
        cursor.index = a.next - a.span;
        while (LateLots.advance($, a, cursor)) {
            uint256 left = leftOf(a, cursor.lotIndex, cursor.lot);
            if (left > 0) {
                pieces[count] = Piece({points: left, terms: cursor.lot.terms(), day: cursor.lot.day()});
                indexes[count++] = cursor.lotIndex;
            }
            if (cursor.isLate) ++cursor.latePosition;
            else ++cursor.index;
        }
        assembly ("memory-safe") {
            mstore(pieces, count)
            mstore(indexes, count)
        }
    }

    /// @notice After `firstLeft` or a late lot changed: moves on to the first lot with points, and recomputes the soonest day.
    function settleFirst(Ledger storage $, Account memory a) internal view {
        if (a.balance == 0) {
            a.span = 0;
            a.firstLeft = 0;
            a.lateCount = 0;
            a.soonest = DAY_MAX;
            return;
        }
        while (a.span > 0 && a.firstLeft == 0) {
            if (--a.span > 0) {
                Lot lot = lotAt($, a, a.next - a.span);
                a.firstLeft = lot.isLate() ? 0 : lot.left();
            }
        }
        a.soonest = a.span > 0 ? lotAt($, a, a.next - a.span).day() : DAY_MAX;
        if (a.lateCount > 0) {
            (uint256 day,) = $.lateLots[a.member].entryAt(0);
            if (day < a.soonest) a.soonest = day;
        }
    }
}
