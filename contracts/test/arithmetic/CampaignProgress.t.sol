// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Dice} from "./Dice.sol";
import {sharesByRank} from "./SharesByRank.sol";
import {Account, Accounts} from "../../src/libraries/Accounts.sol";
import {CampaignRules} from "../../src/libraries/CampaignRules.sol";
import {CampaignSlots, Ledger, LedgerState} from "../../src/libraries/LedgerStorage.sol";
import {stageTerms} from "../../src/libraries/Terms.sol";

/// @notice One campaign of many partners and stages: what it counts, awards, refuses, charges and takes back.
contract CampaignProgressTest is Test, LedgerState {
    using Accounts for Ledger;

    struct Purchase {
        uint256 partner;
        uint256 day;
        uint256 kept;
        bool counts;
    }

    address private constant MEMBER = address(1);
    uint256 private constant PRICE = 10_007;

    Purchase[] private purchases;
    uint256[] private spends;
    uint256 private visits;
    uint256[5][] private stages;
    bool[] private isAwarded;
    uint256[] private lotOf;
    uint256 private lotCount;
    uint256 private spent;
    uint256 private budget;
    uint256 private refused;
    uint256[] private bps;
    uint256[] private charged;
    uint256 private today;
    uint256 private closesDay;

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_ProgressAndAwards(uint256 seed) public {
        Dice memory dice = Dice(seed);
        _open(dice);
        for (uint256 step = 0; step < 24; ++step) {
            today += dice.below(2);
            if (purchases.length > 0 && dice.oneIn(4)) _return(dice);
            else _purchase(dice);
            _compare();
        }
    }

    /// @dev Days 100 … 110 or 120, without 105 … 107 and from 113 on.
    function _open(Dice memory dice) private {
        today = dice.between(98, 104);
        closesDay = dice.oneIn(2) ? 110 : 120;
        ledger.program.lotValidityDays = 1000;
        CampaignSlots storage campaign = ledger.campaigns[3];
        uint256 partnerCount = dice.between(1, 9);
        uint256 stageCount = dice.between(1, 16);
        budget = dice.between(10, 60);
        campaign.partnerCount = uint8(partnerCount);
        campaign.stageCount = uint8(stageCount);
        campaign.budgetPoints = uint64(budget);
        campaign.firstTerms = 50;
        campaign.priceMicro = uint32(PRICE);
        campaign.pauseCount = 2;
        campaign.pauses[0] = 105 | uint256(108) << 24;
        campaign.pauses[1] = 113;
        for (uint256 i = 0; i < partnerCount; ++i) {
            spends.push(0);
            // The second of its partner's campaigns; the first is over.
            ledger.partners[i + 1].campaignCount = 2;
            ledger.partners[i + 1].campaigns[0] =
                (2 | i << 16 | 10 << 24 | 20 << 44) | (3 | i << 16 | 100 << 24 | closesDay << 44) << 64;
        }
        for (uint256 s = 0; s < stageCount; ++s) {
            stages.push([dice.between(1, 9), dice.below(4), dice.below(3) * 100, dice.below(4) * 150, dice.below(4)]);
            campaign.stages[s] = stages[s][0] + stages[s][1] * 2 ** 32 + stages[s][2] * 2 ** 48 + stages[s][3] * 2
                ** 112 + stages[s][4] * 2 ** 176;
            ledger.terms[50 + s] = stageTerms(3, PRICE, s, stages[s][0]);
            isAwarded.push(false);
            lotOf.push(0);
        }
        bps = [uint256(2500), 5000, 2500];
        charged = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            campaign.funders.push(uint16(i));
            campaign.funderShareBps.push(uint16(bps[i]));
            campaign.reservedMicro[i] = 10 ** 12;
            ledger.positions[i].reservedMicro = 10 ** 12;
        }
    }

    function _purchase(Dice memory dice) private {
        uint256 partner = dice.below(spends.length);
        uint256 spend = dice.oneIn(9) ? 1e12 : dice.oneIn(2) ? dice.between(1, 3) * 50 : dice.between(1, 3) * 50 - 1;
        uint256 day = today - dice.below(3);
        _record(partner, day, spend);
        bool counts = day >= 100 && day <= closesDay && day < 113 && (day < 105 || day > 107);
        purchases.push(Purchase(partner, day, spend, counts));
        if (!counts) return;
        spends[partner] += spend;
        ++visits;
        for (uint256 s = 0; s < stages.length; ++s) {
            if (isAwarded[s] || !_isMet(s)) continue;
            if (budget - spent < stages[s][0]) {
                ++refused;
                continue;
            }
            isAwarded[s] = true;
            lotOf[s] = lotCount++;
            spent += stages[s][0];
            uint256[] memory shares = sharesByRank(stages[s][0], bps);
            for (uint256 i = 0; i < 3; ++i) {
                charged[i] += shares[i] * PRICE;
            }
        }
    }

    function _record(uint256 partner, uint256 day, uint256 spend) private {
        CampaignRules.record(ledger, partner + 1, MEMBER, day, spend, today, false);
    }

    /// @dev What is clawed back is all available, so it is all recovered.
    function _return(Dice memory dice) private {
        Purchase storage purchase = purchases[dice.below(purchases.length)];
        if (purchase.kept == 0) return;
        uint256 spend = dice.oneIn(2) ? purchase.kept : dice.between(1, purchase.kept);
        purchase.kept -= spend;
        // Returns load the account only when there is something to claw back.
        Account memory a;
        if (dice.oneIn(2)) a = ledger.load(MEMBER);
        CampaignRules.undo(
            ledger,
            a,
            purchase.partner + 1,
            CampaignRules.Purchase(MEMBER, purchase.day, spend, today, purchase.kept == 0)
        );
        if (a.member != address(0)) ledger.store(a);
        if (!purchase.counts) return;
        spends[purchase.partner] -= spend;
        if (purchase.kept == 0) --visits;
        for (uint256 s = 0; s < stages.length; ++s) {
            if (!isAwarded[s] || _isMet(s)) continue;
            isAwarded[s] = false;
            spent -= stages[s][0];
        }
    }

    function _isMet(uint256 s) private view returns (bool) {
        uint256 partners = 0;
        uint256 total = 0;
        for (uint256 i = 0; i < spends.length; ++i) {
            total += spends[i];
            if (spends[i] > 0 && spends[i] >= stages[s][2]) ++partners;
        }
        return partners >= stages[s][1] && total >= stages[s][3] && visits >= stages[s][4];
    }

    function _compare() private view {
        CampaignSlots storage campaign = ledger.campaigns[3];
        (uint256[] memory foundSpends, uint256 foundVisits, uint256 awarded) =
            CampaignRules.progressOf(campaign, MEMBER);
        vm.assertEq(foundVisits, visits, "visits");
        vm.assertEq(foundSpends.length, spends.length, "partners");
        for (uint256 i = 0; i < spends.length; ++i) {
            vm.assertEq(foundSpends[i], spends[i], "spend");
        }
        Account memory a = ledger.load(MEMBER);
        uint256 balance = 0;
        for (uint256 s = 0; s < stages.length; ++s) {
            vm.assertEq(awarded >> s & 1, isAwarded[s] ? 1 : 0, "awarded");
            if (!isAwarded[s]) continue;
            balance += stages[s][0];
            uint256 left = Accounts.leftOf(a, lotOf[s], ledger.lotAt(a, lotOf[s]));
            vm.assertEq(left, stages[s][0], "the bonus is in its own lot");
        }
        vm.assertEq(a.balance, balance, "bonus points");
        vm.assertEq(campaign.spentPoints, spent, "budget spent");
        vm.assertEq(campaign.refused, refused, "refused");
        _compareFunders(campaign);
    }

    function _compareFunders(CampaignSlots storage campaign) private view {
        uint256[3] memory owed;
        for (uint256 s = 0; s < stages.length; ++s) {
            if (!isAwarded[s]) continue;
            uint256[] memory shares = sharesByRank(stages[s][0], bps);
            for (uint256 i = 0; i < 3; ++i) {
                owed[i] += shares[i] * PRICE;
            }
        }
        vm.assertEq(ledger.positions[0].bonus + uint256(int256(ledger.positions[0].credit)), 0, "the operator's share");
        for (uint256 i = 1; i < 3; ++i) {
            vm.assertEq(uint256(ledger.positions[i].bonus), charged[i], "charged");
            vm.assertEq(int256(ledger.positions[i].credit), int256(charged[i]) - int256(owed[i]), "credited");
            vm.assertEq(campaign.reservedMicro[i], 10 ** 12 - owed[i], "still set aside");
            vm.assertEq(uint256(ledger.positions[i].reservedMicro), 10 ** 12 - owed[i], "of the limit");
        }
    }
}
