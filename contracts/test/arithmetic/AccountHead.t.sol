// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Dice} from "./Dice.sol";
import {Account, Accounts} from "../../src/libraries/Accounts.sol";
import {DAY_MAX, LOT_INDEX_MAX, OPEN_LOTS_MAX} from "../../src/libraries/Bounds.sol";
import {LedgerState} from "../../src/libraries/LedgerStorage.sol";
import {Lot, newLot} from "../../src/libraries/Lot.sol";
import {PlainAccounts} from "../../src/libraries/PlainAccounts.sol";
import {Recoveries} from "../../src/libraries/Recoveries.sol";

/// @notice The words in which an account is kept, and the two ways to issue a lot.
contract AccountHeadTest is Test, LedgerState {
    using Accounts for Account;

    /// @dev Every field at its widest beside others at random.
    function testFuzz_AnAccountIsLoadedAsItWasStored(uint256 seed) public {
        Dice memory dice = Dice(seed);
        Account memory a;
        a.member = address(9);
        a.oddLot = newLot(_wide(dice, 32), _wide(dice, 40), _wide(dice, 20), _wide(dice, 20), _wide(dice, 15));
        if (dice.oneIn(2)) a.oddLot = a.oddLot.asLate();
        (a.firstLeft, a.next, a.span) = (_wide(dice, 32), _wide(dice, 21), _wide(dice, 11));
        (a.balance, a.soonest) = (_wide(dice, 43) + 1 - dice.below(2), _wide(dice, 20));
        if (a.balance == 2 ** 43) --a.balance;
        if (a.balance == 0) a.soonest = DAY_MAX;
        (a.held, a.debt, a.debtFirst, a.debtNext) = (_wide(dice, 44), _wide(dice, 44), _wide(dice, 20), _wide(dice, 20));
        (a.holdCount, a.lateCount) = (_wide(dice, 12), _wide(dice, 12));
        (a.lastOrderedDay, a.soonestHold) = (_wide(dice, 20), _wide(dice, 20));
        a.isEncumbered = a.holdCount + a.debt + a.lateCount > 0 || (a.next % 2 == 1 && a.oddLot.isLate());
        Accounts.store(ledger, a);
        if (!a.isEncumbered) (a.held, a.debtFirst, a.debtNext, a.lastOrderedDay) = (0, 0, 0, 0);
        if (!a.isEncumbered) a.soonestHold = DAY_MAX;
        Account memory found = Accounts.load(ledger, a.member);
        vm.assertEq(keccak256(abi.encode(found)), keccak256(abi.encode(a)), "every field");
    }

    function _wide(Dice memory dice, uint256 bits) private pure returns (uint256) {
        uint256 choice = dice.below(3);
        return choice == 0 ? 0 : choice == 1 ? 2 ** bits - 1 : dice.below(2 ** bits);
    }

    function test_PlainIssueStopsAtTheBounds() public {
        Lot lot = newLot(1, 1, 7, 1000, 1);
        ledger.heads[address(3)] = (OPEN_LOTS_MAX - 1) << 181;
        vm.assertTrue(Accounts.issuePlain(ledger, address(3), lot, 900) == Accounts.NOT_PLAIN, "a lot is due");
        ledger.heads[address(3)] |= uint256(1000) << 236;
        vm.assertTrue(Accounts.issuePlain(ledger, address(3), lot, 900) != Accounts.NOT_PLAIN, "the last that fits");
        vm.assertTrue(Accounts.issuePlain(ledger, address(3), lot, 900) == Accounts.NOT_PLAIN, "too many are open");
        ledger.heads[address(4)] = (LOT_INDEX_MAX - 1) << 160;
        vm.assertEq(Accounts.issuePlain(ledger, address(4), lot, 900), LOT_INDEX_MAX - 1, "the last number");
        vm.assertTrue(Accounts.issuePlain(ledger, address(4), lot, 900) == Accounts.NOT_PLAIN, "no number is left");
        ledger.heads[address(5)] = 1 << 235;
        vm.assertTrue(Accounts.issuePlain(ledger, address(5), lot, 900) == Accounts.NOT_PLAIN, "something is held");
    }

    /// @dev Lots 0 … 3 of 10 points each, the last of day 1000, as well as one that is late.
    function test_ShortWaysStopWhereSomethingIsDueHeldOrLate() public {
        address member = address(6);
        Account memory a = Accounts.load(ledger, member);
        for (uint256 i = 0; i < 4; ++i) {
            Accounts.issue(ledger, a, newLot(10, 1, 7, 1000, 1));
        }
        Accounts.store(ledger, a);
        Lot lot = Accounts.lotAt(ledger, a, 1);
        vm.assertTrue(!PlainAccounts.take(ledger, member, 1, 1001), "due");
        vm.assertTrue(!PlainAccounts.takeBack(ledger, member, ledger.heads[member], 1, lot, 1, 1001), "due");
        vm.assertTrue(!PlainAccounts.take(ledger, member, 10, 1000), "nothing would be left in the first");
        vm.assertTrue(!PlainAccounts.takeBack(ledger, member, ledger.heads[member], 1, lot, 11, 1000), "too many");
        vm.assertTrue(!PlainAccounts.takeBack(ledger, member, ledger.heads[member], 1, lot.asLate(), 1, 1000), "late");
        ledger.heads[member] |= 1 << 235;
        vm.assertTrue(!PlainAccounts.take(ledger, member, 1, 1000), "held");
        vm.assertTrue(!PlainAccounts.takeBack(ledger, member, ledger.heads[member], 1, lot, 1, 1000), "held");
        ledger.heads[member] ^= 1 << 235;
        vm.assertTrue(PlainAccounts.take(ledger, member, 9, 1000), "on its last day");
        vm.assertTrue(PlainAccounts.takeBack(ledger, member, ledger.heads[member], 1, lot, 4, 1000), "on its last day");
        a = Accounts.load(ledger, member);
        vm.assertEq(a.balance, 27, "9 and 4 taken");
        vm.assertEq(a.firstLeft, 1, "of the first");
        vm.assertEq(Accounts.lotAt(ledger, a, 1).left(), 6, "of the second");
        vm.assertTrue(PlainAccounts.takeBack(ledger, member, ledger.heads[member], 0, lot, 1, 1000), "all of the first");
        a = Accounts.load(ledger, member);
        vm.assertEq(a.firstLeft, 6, "the second is the first");
        vm.assertTrue(!PlainAccounts.takeBack(ledger, member, ledger.heads[member], 0, lot, 1, 1000), "used up");
    }

    /// @dev The short way to issue a lot leaves the very words that the full way leaves.
    function testFuzz_PlainIssueEqualsIssue(uint256 seed, uint8 count) public {
        address plain = address(1);
        address full = address(2);
        uint256 day = 1000;
        for (uint256 i = 0; i < count; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            day += seed % 3;
            Lot lot = newLot((seed >> 8) % 5 == 0 ? 0 : (seed >> 16) % 4e9 + 1, (seed >> 64) % 1e12, 7, day, i % 9 + 1);
            Account memory a = Accounts.load(ledger, full);
            uint256 expected = Accounts.issue(ledger, a, lot);
            Accounts.store(ledger, a);
            uint256 index = Accounts.issuePlain(ledger, plain, lot, 900);
            vm.assertEq(index, expected, "number");
            vm.assertEq(ledger.heads[plain], ledger.heads[full], "head");
            vm.assertEq(ledger.lotPairs[plain][index >> 1], ledger.lotPairs[full][index >> 1], "pair");
            if (seed >> 250 > 50) {
                uint256 taken = (seed >> 128) % (a.balance + 1);
                _take(plain, taken);
                _take(full, taken);
            }
        }
    }

    /// @dev So do the short ways to take points and to take a lot's points back, wherever they do anything.
    function testFuzz_PlainTakingEqualsTaking(uint256 seed) public {
        (address plain, address full) = (address(1), address(2));
        Dice memory dice = Dice(seed);
        uint256 day = 1000;
        uint256 plainly = 0;
        for (uint256 i = 0; i < 40; ++i) {
            day += dice.below(2);
            Lot lot = newLot(dice.oneIn(5) ? 0 : dice.between(1, 40), dice.below(1e12), 7, day, i % 9 + 1);
            for (uint160 member = 1; member <= 2; ++member) {
                Account memory a = Accounts.load(ledger, address(member));
                Accounts.issue(ledger, a, lot);
                Accounts.store(ledger, a);
            }
            uint256 today = dice.oneIn(4) ? day : 1000;
            if (dice.oneIn(2) ? _takePlainly(plain, full, dice.between(1, 9), today) : _returnPlainly(dice, today)) {
                ++plainly;
            }
            vm.assertEq(ledger.heads[plain], ledger.heads[full], "head");
            for (uint256 pair = 0; pair <= i / 2; ++pair) {
                vm.assertEq(ledger.lotPairs[plain][pair], ledger.lotPairs[full][pair], "pair");
            }
            vm.assertEq(ledger.encumbrances[full], 0, "nothing is owed");
        }
        vm.assertTrue(plainly > 0, "the short ways were gone");
    }

    function _takePlainly(address plain, address full, uint256 points, uint256 today) private returns (bool isTaken) {
        isTaken = PlainAccounts.take(ledger, plain, points, today);
        if (isTaken) _take(full, points);
    }

    /// @dev Of a lot and of as many points as chance has it, up to more than are left in it.
    function _returnPlainly(Dice memory dice, uint256 today) private returns (bool isTaken) {
        (address plain, address full) = (address(1), address(2));
        Account memory a = Accounts.load(ledger, full);
        uint256 index = dice.below(a.next);
        Lot lot = Accounts.lotAt(ledger, a, index).withKept(dice.below(1e12));
        uint256 points = dice.below(25);
        isTaken = PlainAccounts.takeBack(ledger, plain, ledger.heads[plain], index, lot, points, today);
        if (!isTaken) return false;
        vm.assertEq(Recoveries.recover(ledger, a, index, lot, points), points, "all of them");
        Accounts.store(ledger, a);
    }

    function _take(address member, uint256 points) private {
        Account memory a = Accounts.load(ledger, member);
        Accounts.consume(ledger, a, points, type(uint256).max, 0);
        Accounts.store(ledger, a);
    }
}
