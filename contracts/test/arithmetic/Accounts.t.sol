// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {AccountModel} from "./AccountModel.sol";
import {Dice} from "./Dice.sol";
import {Account, Accounts, Piece} from "../../src/libraries/Accounts.sol";
import {DAY_MAX} from "../../src/libraries/Bounds.sol";
import {DayList} from "../../src/libraries/DayList.sol";
import {Ledger, LedgerState} from "../../src/libraries/LedgerStorage.sol";
import {Lot, newLot} from "../../src/libraries/Lot.sol";
import {PlainAccounts} from "../../src/libraries/PlainAccounts.sol";
import {Positions} from "../../src/libraries/Positions.sol";
import {Preview} from "../../src/libraries/Preview.sol";
import {Recoveries} from "../../src/libraries/Recoveries.sol";
import {SPEND_HELD, newSpend, writeSpend} from "../../src/libraries/Spend.sol";
import {Terms, partnerTerms, stageTerms} from "../../src/libraries/Terms.sol";

/// @notice Random lives of two accounts against the model: issuing, consuming, holds, expiry, taking back, debt and transfers.
contract AccountsTest is Test, LedgerState, AccountModel {
    using Accounts for Ledger;
    using Accounts for Account;
    using DayList for mapping(uint256 => uint256);

    uint256 private constant BONUS_TERMS = 4;
    uint256 private constant BONUS_POINTS = 17;

    address[2] private members = [address(1), address(2)];
    uint256 private today;
    uint256 private nonces;
    /// @dev Nothing is held, late or transferred, as in most accounts, so that the short ways are open.
    bool private isCalm;
    mapping(address member => uint256 count) private takenBack;

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_AccountsFollowTheModel(uint256 seed) public {
        Dice memory dice = Dice(seed);
        _begin(dice);
        for (uint256 step = 0; step < 40; ++step) {
            address member = members[dice.oneIn(5) ? 1 : 0];
            if (dice.oneIn(5)) _passDays(dice);
            _touch(member);
            uint256 choice = dice.below(isCalm ? 8 : 10);
            if (isCalm && choice > 5) choice = 8;
            if (choice < 4) _issue(dice, member);
            else if (choice < 6) _redeem(dice, member);
            else if (choice == 6) _hold(dice, member);
            else if (choice == 7) _release(dice, member);
            else if (choice == 8) _takeBack(dice, member);
            else _transfer(dice, member);
            _compare(member);
        }
        _compareTotals();
    }

    function _begin(Dice memory dice) private {
        today = 1000;
        isCalm = dice.oneIn(2);
        model[members[0]].touchedDay = today;
        model[members[1]].touchedDay = today;
        ledger.program.currencyDecimals = 2;
        ledger.terms[2] = partnerTerms(1, 10_000, 9000, 150);
        ledger.terms[3] = partnerTerms(2, 7, 0, 10_000);
        ledger.terms[BONUS_TERMS] = stageTerms(1, 10_001, 0, BONUS_POINTS);
        modelTerms[2] = ModelTerms(false, 1, 10_000);
        modelTerms[3] = ModelTerms(false, 2, 7);
        modelTerms[BONUS_TERMS] = ModelTerms(true, 0, 10_001);
        modelFunders = [1, 0, 2, 3];
        modelBps = [uint256(3333), 1667, dice.below(5001), 0];
        modelBps[3] = 5000 - modelBps[2];
        modelSpent = 1_000_000;
        ledger.campaigns[1].spentPoints = 1_000_000;
        for (uint256 i = 0; i < 4; ++i) {
            ledger.campaigns[1].funders.push(uint16(modelFunders[i]));
            ledger.campaigns[1].funderShareBps.push(uint16(modelBps[i]));
            if (modelFunders[i] == 0) continue;
            modelReserve[modelFunders[i]] = int256(dice.below(4) * 10_001);
            ledger.campaigns[1].reservedMicro[modelFunders[i]] = uint256(modelReserve[modelFunders[i]]);
            ledger.positions[modelFunders[i]].reservedMicro = uint128(uint256(modelReserve[modelFunders[i]]));
        }
    }

    function _passDays(Dice memory dice) private {
        today += dice.between(1, 4);
        for (uint256 i = 0; i < 2; ++i) {
            Account memory a = ledger.load(members[i]);
            Preview.State memory state = Preview.touched(ledger, a, today);
            uint256 available = Preview.available(ledger, a, today);
            _touch(members[i]);
            ModelAccount storage m = model[members[i]];
            vm.assertEq(available, _modelAvailable(m), "available, foretold");
            vm.assertEq(state.balance, _modelBalance(m), "balance, foretold");
            vm.assertEq(state.held, _modelHeld(m), "held, foretold");
            vm.assertEq(state.debt, _modelDebt(m), "debt, foretold");
            uint256 points = 0;
            for (uint256 j = 0; j < state.lots.length; ++j) {
                points += state.lots[j].points;
            }
            vm.assertEq(points, state.balance, "its lots");
            _compare(members[i]);
        }
    }

    function _touch(address member) private {
        Account memory a = ledger.load(member);
        bool isDue = a.isDue(today);
        if (isDue) {
            Recoveries.touchAccount(ledger, a, today);
            ledger.store(a);
        }
        uint256 before = modelExpired + modelCancelled + _modelHeld(model[member]);
        _modelTouch(model[member], today);
        if (!isDue) vm.assertEq(modelExpired + modelCancelled + _modelHeld(model[member]), before, "was due");
    }

    /// @dev As purchases do it: the short way where it is open, else the full one; then debt is repaid.
    function _issue(Dice memory dice, address member) private {
        uint256 points = dice.oneIn(6) ? 0 : dice.oneIn(9) ? 4_000_000_000 : dice.between(1, 20);
        uint256 terms = dice.between(2, 4);
        if (terms == BONUS_TERMS) points = BONUS_POINTS;
        uint256 kept = terms == BONUS_TERMS ? 0 : dice.between(1, 1e12);
        uint256 day = today + (isCalm ? 7 : dice.oneIn(4) ? 0 : dice.between(4, 7));
        Lot lot = newLot(points, kept, terms, day, 5);
        uint256 index = dice.oneIn(2) ? ledger.issuePlain(member, lot, today) : Accounts.NOT_PLAIN;
        Account memory a = ledger.load(member);
        if (index == Accounts.NOT_PLAIN) {
            index = ledger.issue(a, lot);
            Recoveries.repayAccount(ledger, a);
            ledger.store(a);
        }
        ModelAccount storage m = model[member];
        vm.assertEq(index, m.lots.length, "numbered as they come");
        _modelIssue(m, ModelLot(day, 0, points, terms, kept, points));
        _modelRepay(m);
    }

    function _redeem(Dice memory dice, address member) private {
        ModelAccount storage m = model[member];
        uint256 points = dice.oneIn(3) ? _modelAvailable(m) : dice.below(_modelAvailable(m) + 1);
        _modelConsume(m, points);
        if (dice.oneIn(2) && PlainAccounts.take(ledger, member, points, today)) return;
        Account memory a = ledger.load(member);
        vm.assertEq(ledger.consume(a, points, DAY_MAX + 1, 0), points, "taken");
        ledger.store(a);
    }

    /// @dev What `Spending` does to place a hold, without its checks.
    function _hold(Dice memory dice, address member) private {
        ModelAccount storage m = model[member];
        uint256 points = dice.below(_modelAvailable(m) + 1);
        if (points == 0 || points > 4_000_000_000) return;
        uint256 lastDay = today + dice.below(6);
        uint256 nonce = ++nonces;
        writeSpend(ledger, member, nonce, newSpend(points, lastDay, 2, SPEND_HELD, 9, 0));
        Account memory a = ledger.load(member);
        ledger.pendingHolds[member].insert(a.holdCount, lastDay, nonce);
        ++a.holdCount;
        a.held += points;
        if (lastDay < a.soonestHold) a.soonestHold = lastDay;
        ledger.store(a);
        m.holds.push(ModelHold(lastDay, nonce, points));
    }

    /// @dev Likewise to void one.
    function _release(Dice memory dice, address member) private {
        ModelAccount storage m = model[member];
        if (m.holds.length == 0) return;
        uint256 chosen = dice.below(m.holds.length);
        Account memory a = ledger.load(member);
        mapping(uint256 => uint256) storage pending = ledger.pendingHolds[member];
        for (uint256 i = 0; i < a.holdCount; ++i) {
            (, uint256 nonce) = pending.entryAt(i);
            if (nonce == m.holds[chosen].nonce) pending.remove(a.holdCount, i, 1);
        }
        --a.holdCount;
        a.held -= m.holds[chosen].points;
        (a.soonestHold,) = a.holdCount == 0 ? (DAY_MAX, 0) : pending.entryAt(0);
        Recoveries.touchAccount(ledger, a, today);
        ledger.store(a);
        _modelRelease(m, chosen);
        _modelTouch(m, today);
    }

    function _takeBack(Dice memory dice, address member) private {
        ModelAccount storage m = model[member];
        if (m.lots.length == 0) return;
        uint256 i = m.lots.length - 1 - dice.below(isCalm && m.lots.length > 5 ? 5 : m.lots.length);
        if (m.lots[i].takeable == 0) return;
        bool isBonus = m.lots[i].terms == BONUS_TERMS;
        uint256 points = isBonus ? BONUS_POINTS : dice.between(1, m.lots[i].takeable);
        uint256 kept = isBonus ? 0 : dice.below(m.lots[i].kept + 1);
        m.lots[i].kept = kept;
        ++takenBack[member];
        uint256 number = m.lots[i].number;
        uint256 expected = _modelTakeBack(m, i, points);
        Account memory a = ledger.load(member);
        Lot lot = ledger.lotAt(a, number).withKept(kept);
        if (!isBonus && dice.oneIn(2)) {
            if (_takeBackPlain(member, number, lot, points)) {
                vm.assertEq(points, expected, "all of it was there");
                return;
            }
        }
        vm.assertEq(Recoveries.takeBack(ledger, a, number, lot, points), expected, "recovered at once");
        Recoveries.repayAccount(ledger, a);
        ledger.store(a);
    }

    /// @dev The short way, and what its caller counts.
    function _takeBackPlain(address member, uint256 number, Lot lot, uint256 points) private returns (bool isTaken) {
        isTaken = PlainAccounts.takeBack(ledger, member, ledger.heads[member], number, lot, points, today);
        if (!isTaken) return false;
        ledger.totals.cancelled += uint64(points);
        Terms terms = ledger.terms[lot.terms()];
        Positions.addCredit(ledger, terms.issuer(), int256(points * terms.issuePrice()));
    }

    function _transfer(Dice memory dice, address member) private {
        address to = member == members[0] ? members[1] : members[0];
        _touch(to);
        ModelAccount storage m = model[member];
        uint256 points = dice.below(_modelAvailable(m) + 1);
        Account memory a = ledger.load(member);
        Account memory b = ledger.load(to);
        Piece[] memory pieces = ledger.collect(a, points);
        for (uint256 i = 0; i < pieces.length; ++i) {
            ledger.issue(b, newLot(pieces[i].points, 0, pieces[i].terms, pieces[i].day, 0));
        }
        ledger.store(a);
        Recoveries.repayAccount(ledger, b);
        ledger.store(b);
        for (uint256 i = 0; points > 0; ++i) {
            ModelLot memory lot = m.lots[i];
            uint256 part = lot.points < points ? lot.points : points;
            points -= part;
            m.lots[i].points -= part;
            if (part > 0) _modelIssue(model[to], ModelLot(lot.day, 0, part, lot.terms, 0, 0));
        }
        _modelRepay(model[to]);
        _compare(to);
    }

    function _compare(address member) private view {
        ModelAccount storage m = model[member];
        Account memory a = ledger.load(member);
        vm.assertEq(a.balance, _modelBalance(m), "balance");
        vm.assertEq(a.held, _modelHeld(m), "held");
        vm.assertEq(a.debt, _modelDebt(m), "debt");
        vm.assertEq(a.holdCount, m.holds.length, "holds");
        uint256 soonestHold = DAY_MAX;
        for (uint256 i = 0; i < m.holds.length; ++i) {
            if (m.holds[i].lastDay < soonestHold) soonestHold = m.holds[i].lastDay;
        }
        if (a.isEncumbered) vm.assertEq(a.soonestHold, soonestHold, "soonest hold");
        else vm.assertEq(a.held + a.debt, 0, "nothing encumbers it");
        _compareLots(a, m);
    }

    function _compareLots(Account memory a, ModelAccount storage m) private view {
        (Piece[] memory pieces, uint256[] memory numbers) = ledger.ordered(a);
        uint256 count = 0;
        // What is taken back may empty a late lot where it stands; what is consumed takes it off the list.
        uint256 listedMax = takenBack[a.member];
        for (uint256 i = 0; i < m.lots.length; ++i) {
            ModelLot memory expected = m.lots[i];
            Lot lot = ledger.lotAt(a, expected.number);
            vm.assertEq(lot.day(), expected.day, "last day");
            vm.assertEq(lot.terms(), expected.terms, "terms");
            vm.assertEq(lot.kept(), expected.kept, "kept spend");
            vm.assertEq(a.leftOf(expected.number, lot), expected.points, "left");
            if (expected.points == 0) continue;
            if (lot.isLate()) ++listedMax;
            // A late lot that was taken back whole still counts as soonest until the next touch.
            if (count == 0) {
                vm.assertTrue(a.soonest == expected.day || (a.lateCount > 0 && a.soonest < expected.day), "soonest");
            }
            vm.assertTrue(count < pieces.length, "no lot is missing");
            vm.assertEq(numbers[count], expected.number, "order");
            vm.assertEq(pieces[count].points, expected.points, "left of the piece");
            vm.assertEq(pieces[count].day, expected.day, "day of the piece");
            vm.assertEq(pieces[count++].terms, expected.terms, "terms of the piece");
        }
        vm.assertEq(pieces.length, count, "no lot too many");
        vm.assertTrue(a.lateCount <= listedMax, "used-up late lots are off the list");
        vm.assertTrue(a.openLots() >= count, "counted as open");
        if (count == 0) vm.assertEq(a.soonest, DAY_MAX, "nothing expires");
        if (count == 0) vm.assertEq(a.openLots(), 0, "nothing is open");
    }

    function _compareTotals() private view {
        vm.assertEq(ledger.totals.expired, modelExpired, "expired");
        vm.assertEq(ledger.totals.cancelled, modelCancelled, "cancelled");
        vm.assertEq(ledger.campaigns[1].spentPoints, modelSpent, "budget spent");
        for (uint256 partner = 1; partner < 4; ++partner) {
            vm.assertEq(ledger.positions[partner].credit, modelCredit[partner], "credit");
            vm.assertEq(ledger.campaigns[1].reservedMicro[partner], uint256(modelReserve[partner]), "set aside");
            vm.assertEq(ledger.positions[partner].reservedMicro, uint256(modelReserve[partner]), "of the limit");
        }
    }
}
