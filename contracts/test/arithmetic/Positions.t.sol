// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test, Vm} from "../Test.sol";
import {Dice} from "./Dice.sol";
import {ILedgerEvents} from "../../src/interfaces/IPointsLedger.sol";
import {LedgerState, StatementSlots} from "../../src/libraries/LedgerStorage.sol";
import {Payments} from "../../src/libraries/Payments.sol";
import {Positions} from "../../src/libraries/Positions.sol";

/// @notice Clearing lines, statements, payments and exposure against a bookkeeper who closes every cycle for every partner by hand.
contract PositionsTest is Test, LedgerState {
    /// @dev base, bonus, credit, reimbursed of the cycle in which the position was last open, and since the start.
    struct Book {
        int256[4] lines;
        int256[4] sum;
        uint256 cycle;
        int256 carried;
        int256 stated;
        int256 unpaid;
        int256 reserved;
        bool isChanged;
    }

    // Bits of three words.
    uint16[5] private partners = [1, 2, 255, 256, 700];
    mapping(uint256 partner => Book book) private books;
    int256 private unit;

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_StatementsFollowTheBook(uint256 seed) public {
        Dice memory dice = Dice(seed);
        ledger.program.partnerCount = 700;
        ledger.program.currencyDecimals = uint8(dice.below(4));
        unit = [int256(1_000_000), 100_000, 10_000, 1000][ledger.program.currencyDecimals];
        for (uint256 step = 0; step < 30; ++step) {
            uint256 partner = partners[dice.below(5)];
            uint256 choice = dice.below(8);
            if (choice == 0) _closeCycle();
            else if (choice == 1) _pay(dice, partner);
            else if (choice == 2) _reserve(dice, partner);
            else _addLine(dice, partner);
            if (dice.oneIn(3)) _compareChanges();
            _compare();
        }
        _closeCycle();
        for (uint256 i = 0; i < 5; ++i) {
            _roll(partners[i]);
            Book storage book = books[partners[i]];
            int256 net = book.sum[0] + book.sum[1] - book.sum[2] - book.sum[3];
            vm.assertEq(book.stated * unit + book.carried, net, "statements and residual make up all lines");
        }
        _compare();
    }

    /// @dev Amounts near half a unit, so that roundings tie; negative ones for the lines that can go back.
    function _drawMicro(Dice memory dice) private view returns (int256) {
        int256 whole = int256(dice.below(dice.oneIn(3) ? 1e18 : 5)) * unit;
        return whole + int256(dice.below(3)) * (unit / 2) + (dice.oneIn(3) ? int256(dice.below(3)) - 1 : int256(0));
    }

    function _addLine(Dice memory dice, uint256 partner) private {
        int256 micro = _drawMicro(dice);
        uint256 line = dice.below(4);
        if (line < 2 && micro < 0) micro = 0;
        if (line >= 2 && dice.oneIn(3)) micro = -micro;
        if (line == 0) Positions.addBase(ledger, partner, uint256(micro));
        else if (line == 1) Positions.addBonus(ledger, partner, uint256(micro));
        else if (line == 2) Positions.addCredit(ledger, partner, micro);
        else Positions.addReimbursed(ledger, partner, micro);
        if (micro == 0) return;
        _roll(partner);
        books[partner].lines[line] += micro;
        books[partner].sum[line] += micro;
        books[partner].isChanged = true;
    }

    function _closeCycle() private {
        ledger.cycleDays[ledger.program.cycle] = 100 + ledger.program.cycle;
        ++ledger.program.cycle;
    }

    function _reserve(Dice memory dice, uint256 partner) private {
        int256 micro = int256(dice.below(1e15));
        if (dice.oneIn(2)) micro = -(micro % (books[partner].reserved + 1));
        Positions.reserve(ledger, partner, micro);
        books[partner].reserved += micro;
    }

    /// @dev The payer records, someone who is not the payee fails to confirm, the payee confirms, once.
    function _pay(Dice memory dice, uint256 partner) private {
        uint64 amount = uint64(dice.between(1, 1e12));
        bool fromPartner = dice.oneIn(2);
        uint64 asPartner = uint64(partner << 48 | 7);
        uint32 payment = Payments.record(ledger, fromPartner ? asPartner : 0, partner, amount, 0);
        vm.assertTrue(!Payments.confirm(ledger, fromPartner ? asPartner : 0, payment), "the payer cannot confirm");
        vm.assertTrue(!Payments.confirm(ledger, uint64(9 << 48), payment), "nor anyone else");
        vm.assertTrue(!Payments.confirm(ledger, 0, payment + 1), "nor can what was not recorded be");
        vm.assertTrue(Payments.confirm(ledger, fromPartner ? 0 : asPartner, payment), "the payee can");
        vm.assertTrue(!Payments.confirm(ledger, fromPartner ? 0 : asPartner, payment), "once");
        _roll(partner);
        books[partner].unpaid += fromPartner ? -int256(uint256(amount)) : int256(uint256(amount));
    }

    /// @dev Closes the book's cycles up to the running one; the contract does the same when the position is next touched.
    function _roll(uint256 partner) private {
        Book storage book = books[partner];
        Positions.roll(ledger, partner);
        if (book.cycle == ledger.program.cycle) return;
        StatementSlots storage statement = ledger.statements[book.cycle][partner];
        vm.assertTrue(statement.isIssued, "issued");
        vm.assertEq(uint256(statement.day), 100 + book.cycle, "the day on which its cycle closed");
        vm.assertEq(int256(statement.base), book.lines[0], "base");
        vm.assertEq(int256(statement.bonus), book.lines[1], "bonus");
        vm.assertEq(int256(statement.credit), book.lines[2], "credit");
        vm.assertEq(int256(statement.reimbursed), book.lines[3], "reimbursed");
        vm.assertEq(int256(statement.carriedIn), book.carried, "carried in");
        for (bool isFirst = true; book.cycle < ledger.program.cycle; (isFirst, ++book.cycle)) {
            int256 exact = book.carried + book.lines[0] + book.lines[1] - book.lines[2] - book.lines[3];
            int256 payable_ = _roundedHalfEven(exact);
            book.carried = exact - payable_ * unit;
            book.stated += payable_;
            book.unpaid += payable_;
            delete book.lines;
            if (isFirst) {
                vm.assertEq(int256(statement.payableMinor), payable_, "payable");
                vm.assertEq(int256(statement.carriedOut), book.carried, "carried out");
                isFirst = false;
            } else {
                vm.assertTrue(!ledger.statements[book.cycle][partner].isIssued, "no statement of a cycle without lines");
                vm.assertEq(payable_, 0, "nor is anything payable in one");
            }
        }
    }

    /// @dev Of the two whole numbers beside exact / unit the nearer one, and of two as near the even one.
    function _roundedHalfEven(int256 exact) private view returns (int256 rounded) {
        for (rounded = exact / unit - 1; rounded <= exact / unit + 1; ++rounded) {
            int256 twice = 2 * (exact - rounded * unit);
            if (twice < unit && twice > -unit) return rounded;
            if ((twice == unit || twice == -unit) && rounded % 2 == 0) return rounded;
        }
        revert("there is always one");
    }

    function _compare() private view {
        for (uint256 i = 0; i < 5; ++i) {
            Book storage book = books[partners[i]];
            int256 open = book.lines[0] + book.lines[1] - book.lines[2] - book.lines[3];
            vm.assertEq(
                Positions.exposureMicro(ledger, partners[i]),
                open + book.carried + book.unpaid * unit + book.reserved,
                "exposure"
            );
        }
    }

    /// @dev One event for each position that changed since the last time, with its lines since the start.
    function _compareChanges() private {
        vm.recordLogs();
        Positions.emitChanged(ledger);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count = 0;
        for (uint256 i = 0; i < 5; ++i) {
            Book storage book = books[partners[i]];
            if (!book.isChanged) continue;
            book.isChanged = false;
            vm.assertTrue(count < logs.length, "an event for each");
            Vm.Log memory log = logs[count++];
            vm.assertEq(log.topics[0], ILedgerEvents.PositionChanged.selector, "PositionChanged");
            vm.assertEq(uint256(log.topics[1]), uint256(partners[i]), "partner");
            int256[4] memory lines = abi.decode(log.data, (int256[4]));
            for (uint256 line = 0; line < 4; ++line) {
                vm.assertEq(lines[line], book.sum[line], "line");
            }
        }
        vm.assertEq(logs.length, count, "and no others");
    }
}
