// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "../interfaces/IPointsLedger.sol";
import {Account, Accounts} from "./Accounts.sol";
import {CampaignSlots, Ledger, Partner} from "./LedgerStorage.sol";
import {newLot} from "./Lot.sol";
import {Positions} from "./Positions.sol";
import {Recoveries} from "./Recoveries.sol";
import {Shares} from "./Shares.sol";

/// @title Campaign progress, awards and claw-back
/// @notice A purchase adds to the member's progress in every campaign of its partner whose window holds its day; then stages are awarded
/// in order. A return takes progress out and claws back what is no longer met.
/// @dev `record` is its own contract, entered by delegatecall; `undo` is part of `Reversals`.
library CampaignRules {
    using Accounts for Ledger;

    event Transfer(address indexed from, address indexed to, uint256 value);

    // A partner's list of campaigns: 64 bits each, from the low end: campaign 16, index of the partner in it 8, first day 20, last day 20.
    // Progress, word 0: spend of partners 0 … 2, 61 bits each (2^21 purchases of 10^12 fit), visits 21, awarded stages 16, lot of stage 0.
    // Words 1 …: spend of partners 3 …, 64 bits each. Words 64 …: lots of stages 1 …, 21 bits each, 12 to a word.

    uint256 private constant SPEND_MASK = (1 << 61) - 1;
    uint256 private constant INDEX_MASK = (1 << 21) - 1;
    uint256 private constant VISITS_SHIFT = 183;
    uint256 private constant AWARDED_SHIFT = 204;
    uint256 private constant LOT_SHIFT = 220;

    struct Purchase {
        address member;
        uint256 day;
        uint256 spend;
        uint256 today;
        /// @dev Of a return: nothing of the purchase is left.
        bool isWhole;
    }

    struct Conditions {
        uint256 bonusPoints;
        uint256 partnersRequired;
        uint256 minSpendEach;
        uint256 minSpendTotal;
        uint256 minVisits;
    }

    /// @notice Adds a purchase to its campaigns, awards what is met, and repays debt from it.
    /// @param owes whether the member has debt.
    function record(
        Ledger storage $,
        uint256 partner,
        address member,
        uint256 day,
        uint256 spend,
        uint256 today,
        bool owes
    ) external {
        Partner storage p = $.partners[partner];
        Purchase memory purchase = Purchase({member: member, day: day, spend: spend, today: today, isWhole: false});
        // Loaded only when there is something to award.
        Account memory a;
        uint256 count = p.campaignCount;
        for (uint256 i = 0; i < count; ++i) {
            (uint256 id, uint256 position, bool counts) = _entry($, p, i, day);
            if (counts) _recordIn($, a, id, position, purchase);
        }
        if (owes) {
            if (a.member == address(0)) $.loadInto(a, member);
            Recoveries.repayAccount($, a);
        }
        if (a.member != address(0)) $.store(a);
    }

    /// @notice Takes a returned spend out of its campaigns, in the order in which they were created.
    function undo(Ledger storage $, Account memory a, uint256 partner, Purchase memory purchase) internal {
        Partner storage p = $.partners[partner];
        for (uint256 i = 0; i < p.campaignCount; ++i) {
            (uint256 id, uint256 position, bool counts) = _entry($, p, i, purchase.day);
            if (counts) _undoIn($, a, id, position, purchase);
        }
    }

    function _entry(Ledger storage $, Partner storage p, uint256 i, uint256 day)
        private
        view
        returns (uint256 id, uint256 position, bool counts)
    {
        uint256 entry = p.campaigns[i >> 2] >> ((i & 3) * 64);
        id = entry & 0xffff;
        position = (entry >> 16) & 0xff;
        counts = day >= (entry >> 24) & 0xfffff && day <= (entry >> 44) & 0xfffff && !isPausedOn($.campaigns[id], day);
    }

    function isPausedOn(CampaignSlots storage campaign, uint256 day) internal view returns (bool) {
        for (uint256 i = 0; i < campaign.pauseCount; ++i) {
            uint256 pause = campaign.pauses[i];
            uint256 until = pause >> 24;
            if (day >= pause & 0xffffff && (until == 0 || day < until)) return true;
        }
        return false;
    }

    function _recordIn(Ledger storage $, Account memory a, uint256 id, uint256 position, Purchase memory purchase)
        private
    {
        CampaignSlots storage campaign = $.campaigns[id];
        mapping(uint256 => uint256) storage progress = campaign.progress[purchase.member];
        uint256 head = progress[0] + (1 << VISITS_SHIFT);
        if (position < 3) head += purchase.spend << (position * 61);
        else progress[1 + (position - 3) / 4] += purchase.spend << (((position - 3) % 4) * 64);
        uint256 stageCount = campaign.stageCount;
        // All stages awarded: nothing to look at.
        if ((head >> AWARDED_SHIFT) & 0xffff == (1 << stageCount) - 1) {
            progress[0] = head;
            return;
        }
        uint256[] memory spends = _spends(campaign, progress, head);
        for (uint256 stage = 0; stage < stageCount; ++stage) {
            if ((head >> (AWARDED_SHIFT + stage)) & 1 == 1) continue;
            Conditions memory conditions = conditionsOf(campaign, stage);
            if (!_isMet(conditions, spends, _visits(head))) continue;
            if (campaign.spentPoints + conditions.bonusPoints > campaign.budgetPoints) {
                ++campaign.refused;
                emit ILedgerEvents.BonusRefused(uint16(id), purchase.member, stage);
                continue;
            }
            uint256 lot = _award($, a, id, stage, conditions.bonusPoints, purchase);
            head = _withLot(progress, head, stage, lot) | (1 << (AWARDED_SHIFT + stage));
        }
        progress[0] = head;
    }

    function _award(
        Ledger storage $,
        Account memory a,
        uint256 id,
        uint256 stage,
        uint256 points,
        Purchase memory purchase
    ) private returns (uint256 lot) {
        if (a.member == address(0)) $.loadInto(a, purchase.member);
        CampaignSlots storage campaign = $.campaigns[id];
        uint256 terms = campaign.firstTerms + stage;
        uint256 lastDay = purchase.today + $.program.lotValidityDays;
        lot = $.issue(a, newLot(points, 0, terms, lastDay, 0));
        campaign.spentPoints += uint64(points);
        $.totals.issued += uint64(points);
        _chargeFunders($, campaign, points);
        emit Transfer(address(0), purchase.member, points);
        emit ILedgerEvents.BonusAwarded(uint16(id), purchase.member, stage, points, lot, lastDay, terms);
    }

    function _chargeFunders(Ledger storage $, CampaignSlots storage campaign, uint256 points) private {
        uint256[] memory shares = Shares.split(points, Recoveries.sharesOf(campaign));
        uint256 price = campaign.priceMicro;
        for (uint256 i = 0; i < shares.length; ++i) {
            uint256 funder = campaign.funders[i];
            if (funder == 0 || shares[i] * price == 0) continue;
            Positions.addBonus($, funder, shares[i] * price);
            Recoveries.moveReserve($, campaign, funder, -int256(shares[i] * price));
        }
    }

    function _undoIn(Ledger storage $, Account memory a, uint256 id, uint256 position, Purchase memory purchase)
        private
    {
        CampaignSlots storage campaign = $.campaigns[id];
        mapping(uint256 => uint256) storage progress = campaign.progress[purchase.member];
        uint256 head = progress[0];
        if (purchase.isWhole) head -= 1 << VISITS_SHIFT;
        if (position < 3) head -= purchase.spend << (position * 61);
        else progress[1 + (position - 3) / 4] -= purchase.spend << (((position - 3) % 4) * 64);
        uint256[] memory spends = _spends(campaign, progress, head);
        for (uint256 stage = 0; stage < campaign.stageCount; ++stage) {
            if ((head >> (AWARDED_SHIFT + stage)) & 1 == 0) continue;
            Conditions memory conditions = conditionsOf(campaign, stage);
            if (_isMet(conditions, spends, _visits(head))) continue;
            head &= ~(1 << (AWARDED_SHIFT + stage));
            _clawBack($, a, id, stage, conditions.bonusPoints, _lotOf(progress, head, stage));
        }
        progress[0] = head;
    }

    function _clawBack(Ledger storage $, Account memory a, uint256 id, uint256 stage, uint256 points, uint256 lot)
        private
    {
        uint256 recovered = Recoveries.takeBack($, a, lot, $.lotAt(a, lot), points);
        emit ILedgerEvents.BonusClawedBack(uint16(id), a.member, stage, lot, points, recovered);
    }

    function _isMet(Conditions memory conditions, uint256[] memory spends, uint256 visits) private pure returns (bool) {
        if (visits < conditions.minVisits) return false;
        uint256 least = conditions.minSpendEach > 1 ? conditions.minSpendEach : 1;
        uint256 partners = 0;
        uint256 total = 0;
        // At most 64 spends of 64 bits.
        unchecked {
            for (uint256 i = 0; i < spends.length; ++i) {
                total += spends[i];
                if (spends[i] >= least) ++partners;
            }
        }
        return partners >= conditions.partnersRequired && total >= conditions.minSpendTotal;
    }

    function conditionsOf(CampaignSlots storage campaign, uint256 stage) internal view returns (Conditions memory) {
        uint256 word = campaign.stages[stage];
        return Conditions({
            bonusPoints: word & 0xffffffff,
            partnersRequired: (word >> 32) & 0xffff,
            minSpendEach: (word >> 48) & 0xffffffffffffffff,
            minSpendTotal: (word >> 112) & 0xffffffffffffffff,
            minVisits: (word >> 176) & 0xffffffff
        });
    }

    /// @notice A member's progress.
    function progressOf(CampaignSlots storage campaign, address member)
        internal
        view
        returns (uint256[] memory spends, uint256 visits, uint256 awardedStages)
    {
        uint256 head = campaign.progress[member][0];
        spends = _spends(campaign, campaign.progress[member], head);
        return (spends, _visits(head), (head >> AWARDED_SHIFT) & 0xffff);
    }

    function _visits(uint256 head) private pure returns (uint256) {
        return (head >> VISITS_SHIFT) & INDEX_MASK;
    }

    function _spends(CampaignSlots storage campaign, mapping(uint256 => uint256) storage progress, uint256 head)
        private
        view
        returns (uint256[] memory spends)
    {
        uint256 count = campaign.partnerCount;
        spends = new uint256[](count);
        uint256 word;
        // A campaign has at most 64 partners.
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                if (i < 3) {
                    spends[i] = (head >> (i * 61)) & SPEND_MASK;
                    continue;
                }
                if ((i - 3) % 4 == 0) word = progress[1 + (i - 3) / 4];
                spends[i] = (word >> (((i - 3) % 4) * 64)) & 0xffffffffffffffff;
            }
        }
    }

    function _withLot(mapping(uint256 => uint256) storage progress, uint256 head, uint256 stage, uint256 lot)
        private
        returns (uint256)
    {
        if (stage == 0) return (head & ~(INDEX_MASK << LOT_SHIFT)) | (lot << LOT_SHIFT);
        uint256 shift = ((stage - 1) % 12) * 21;
        uint256 slot = 64 + (stage - 1) / 12;
        progress[slot] = (progress[slot] & ~(INDEX_MASK << shift)) | (lot << shift);
        return head;
    }

    function _lotOf(mapping(uint256 => uint256) storage progress, uint256 head, uint256 stage)
        private
        view
        returns (uint256)
    {
        if (stage == 0) return (head >> LOT_SHIFT) & INDEX_MASK;
        return (progress[64 + (stage - 1) / 12] >> (((stage - 1) % 12) * 21)) & INDEX_MASK;
    }
}
