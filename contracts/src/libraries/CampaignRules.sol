// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "../interfaces/IPointsLedger.sol";
import {Account, Accounts} from "./Accounts.sol";
import {DAY_MAX} from "./Bounds.sol";
import {CampaignSlots, Ledger, Partner} from "./LedgerStorage.sol";
import {Lot, newLot} from "./Lot.sol";
import {Positions} from "./Positions.sol";
import {Recoveries} from "./Recoveries.sol";
import {Shares} from "./Shares.sol";

/// @notice What a stage of a campaign asks for and gives, in one slot.
/// @dev From the low end: bonusPoints 32, partnersRequired 16, minSpendEach 64, minSpendTotal 64, minVisits 32.
type Conditions is uint256;

using {bonusPoints, minVisits, isMet} for Conditions global;

function bonusPoints(Conditions self) pure returns (uint256) {
    return Conditions.unwrap(self) & 0xffffffff;
}

function minVisits(Conditions self) pure returns (uint256) {
    return Conditions.unwrap(self) >> 176;
}

/// @notice Whether spends at the campaign's partners are enough; visits are looked at apart.
function isMet(Conditions self, uint256[] memory spends) pure returns (bool) {
    uint256 word = Conditions.unwrap(self);
    uint256 least = (word >> 48) & 0xffffffffffffffff;
    if (least == 0) least = 1;
    uint256 partners = 0;
    uint256 total = 0;
    // At most 64 spends of 64 bits.
    unchecked {
        for (uint256 i = 0; i < spends.length; ++i) {
            uint256 spend = spends[i];
            total += spend;
            if (spend >= least) ++partners;
        }
    }
    return partners >= (word >> 32) & 0xffff && total >= (word >> 112) & 0xffffffffffffffff;
}

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
        uint256 count = p.campaignCount;
        uint256 word;
        for (uint256 i = 0; i < count; ++i) {
            if (i & 3 == 0) word = p.campaigns[i >> 2];
            _recordIn($, word >> ((i & 3) << 6), purchase);
        }
        if (!owes) return;
        Account memory a = $.load(member);
        Recoveries.repayAccount($, a);
        $.store(a);
    }

    /// @notice Takes a returned spend out of its campaigns, in the order in which they were created.
    function undo(Ledger storage $, Account memory a, uint256 partner, Purchase memory purchase) internal {
        Partner storage p = $.partners[partner];
        uint256 count = p.campaignCount;
        uint256 word;
        for (uint256 i = 0; i < count; ++i) {
            if (i & 3 == 0) word = p.campaigns[i >> 2];
            _undoIn($, a, word >> ((i & 3) << 6), purchase);
        }
    }

    /// @notice The days that a partner's campaigns span, from the first of the earliest to the last of the latest: on others nothing
    /// counts. Without campaigns no day is in it.
    function spanOf(Partner storage p) internal view returns (uint256 firstDay, uint256 lastDay) {
        uint256 count = p.campaignCount;
        uint256 word;
        firstDay = DAY_MAX;
        for (uint256 i = 0; i < count; ++i) {
            if (i & 3 == 0) word = p.campaigns[i >> 2];
            uint256 entry = word >> ((i & 3) << 6);
            if ((entry >> 24) & 0xfffff < firstDay) firstDay = (entry >> 24) & 0xfffff;
            if ((entry >> 44) & 0xfffff > lastDay) lastDay = (entry >> 44) & 0xfffff;
        }
    }

    /// @param entry of the partner's list, with those behind it.
    function _counts(Ledger storage $, uint256 entry, uint256 day) private view returns (bool) {
        CampaignSlots storage campaign = $.campaigns[entry & 0xffff];
        return day >= (entry >> 24) & 0xfffff && day <= (entry >> 44) & 0xfffff
            && (campaign.pauseCount == 0 || !isPausedOn(campaign, day));
    }

    function isPausedOn(CampaignSlots storage campaign, uint256 day) internal view returns (bool) {
        for (uint256 i = 0; i < campaign.pauseCount; ++i) {
            uint256 pause = campaign.pauses[i];
            uint256 until = pause >> 24;
            if (day >= pause & 0xffffff && (until == 0 || day < until)) return true;
        }
        return false;
    }

    function _recordIn(Ledger storage $, uint256 entry, Purchase memory purchase) private {
        if (!_counts($, entry, purchase.day)) return;
        uint256 id = entry & 0xffff;
        uint256 position = (entry >> 16) & 0xff;
        CampaignSlots storage campaign = $.campaigns[id];
        mapping(uint256 => uint256) storage progress = campaign.progress[purchase.member];
        uint256 head = progress[0];
        // The fields hold the sums of all purchases that an account can number.
        unchecked {
            head += 1 << VISITS_SHIFT;
            if (position < 3) head += purchase.spend << (position * 61);
            else progress[1 + (position - 3) / 4] += purchase.spend << (((position - 3) % 4) * 64);
        }
        uint256 open = ~(head >> AWARDED_SHIFT) & ((1 << campaign.stageCount) - 1);
        progress[0] = _awardAll($, id, head, _met(campaign, progress, head, open), purchase);
    }

    /// @notice Those of the stages in `among` whose conditions the progress meets; both one bit a stage.
    function _met(
        CampaignSlots storage campaign,
        mapping(uint256 => uint256) storage progress,
        uint256 head,
        uint256 among
    ) private view returns (uint256 met) {
        if (among == 0) return 0;
        uint256 visits = _visits(head);
        // Read only when visits do not decide.
        uint256[] memory spends;
        for (uint256 stage = 0; among >> stage != 0; ++stage) {
            if ((among >> stage) & 1 == 0) continue;
            Conditions conditions = Conditions.wrap(campaign.stages[stage]);
            if (visits < conditions.minVisits()) continue;
            if (spends.length == 0) spends = _spends(campaign.partnerCount, progress, head);
            if (conditions.isMet(spends)) met |= 1 << stage;
        }
    }

    /// @param met bits of the stages to award, as far as the budget goes.
    /// @return the progress' first word.
    function _awardAll(Ledger storage $, uint256 id, uint256 head, uint256 met, Purchase memory purchase)
        private
        returns (uint256)
    {
        if (met == 0) return head;
        CampaignSlots storage campaign = $.campaigns[id];
        for (uint256 stage = 0; met >> stage != 0; ++stage) {
            if ((met >> stage) & 1 == 0) continue;
            uint256 points = Conditions.wrap(campaign.stages[stage]).bonusPoints();
            if (campaign.spentPoints + points > campaign.budgetPoints) {
                ++campaign.refused;
                emit ILedgerEvents.BonusRefused(uint16(id), purchase.member, stage);
                continue;
            }
            uint256 lot = _award($, id, stage, points, purchase);
            head = _withLot(campaign.progress[purchase.member], head, stage, lot) | (1 << (AWARDED_SHIFT + stage));
        }
        return head;
    }

    function _award(Ledger storage $, uint256 id, uint256 stage, uint256 points, Purchase memory purchase)
        private
        returns (uint256 lot)
    {
        CampaignSlots storage campaign = $.campaigns[id];
        uint256 terms = campaign.firstTerms + stage;
        uint256 lastDay = purchase.today + $.program.lotValidityDays;
        lot = _issue($, purchase, newLot(points, 0, terms, lastDay, 0));
        campaign.spentPoints += uint64(points);
        $.totals.issued += uint64(points);
        _chargeFunders($, campaign, points);
        emit Transfer(address(0), purchase.member, points);
        emit ILedgerEvents.BonusAwarded(uint16(id), purchase.member, stage, points, lot, lastDay, terms);
    }

    function _issue(Ledger storage $, Purchase memory purchase, Lot lot) private returns (uint256 index) {
        index = $.issuePlain(purchase.member, lot, purchase.today);
        if (index != Accounts.NOT_PLAIN) return index;
        Account memory a = $.load(purchase.member);
        index = $.issue(a, lot);
        $.store(a);
    }

    function _chargeFunders(Ledger storage $, CampaignSlots storage campaign, uint256 points) private {
        (uint16[] memory funders, uint256[] memory shareBps) = Recoveries.fundingOf(campaign);
        uint256[] memory shares = Shares.split(points, shareBps);
        uint256 price = campaign.priceMicro;
        for (uint256 i = 0; i < shares.length; ++i) {
            uint256 micro = shares[i] * price;
            if (funders[i] == 0 || micro == 0) continue;
            Positions.addBonus($, funders[i], micro);
            Recoveries.moveReserve($, campaign, funders[i], -int256(micro));
        }
    }

    function _undoIn(Ledger storage $, Account memory a, uint256 entry, Purchase memory purchase) private {
        if (!_counts($, entry, purchase.day)) return;
        uint256 id = entry & 0xffff;
        uint256 position = (entry >> 16) & 0xff;
        CampaignSlots storage campaign = $.campaigns[id];
        mapping(uint256 => uint256) storage progress = campaign.progress[purchase.member];
        uint256 head = progress[0];
        if (purchase.isWhole) head -= 1 << VISITS_SHIFT;
        if (position < 3) head -= purchase.spend << (position * 61);
        else progress[1 + (position - 3) / 4] -= purchase.spend << (((position - 3) % 4) * 64);
        uint256 awarded = (head >> AWARDED_SHIFT) & 0xffff;
        uint256 unmet = awarded & ~_met(campaign, progress, head, awarded);
        progress[0] = _clawBackAll($, a, id, head, unmet, purchase.member);
    }

    /// @param a loaded here when it was not before.
    /// @param unmet bits of the stages to claw back.
    /// @return the progress' first word.
    function _clawBackAll(Ledger storage $, Account memory a, uint256 id, uint256 head, uint256 unmet, address member)
        private
        returns (uint256)
    {
        if (unmet == 0) return head;
        if (a.member == address(0)) $.loadInto(a, member);
        CampaignSlots storage campaign = $.campaigns[id];
        for (uint256 stage = 0; unmet >> stage != 0; ++stage) {
            if ((unmet >> stage) & 1 == 0) continue;
            head &= ~(1 << (AWARDED_SHIFT + stage));
            uint256 points = Conditions.wrap(campaign.stages[stage]).bonusPoints();
            _clawBack($, a, id, stage, points, _lotOf(campaign.progress[member], head, stage));
        }
        return head;
    }

    function _clawBack(Ledger storage $, Account memory a, uint256 id, uint256 stage, uint256 points, uint256 lot)
        private
    {
        uint256 recovered = Recoveries.takeBack($, a, lot, $.lotAt(a, lot), points);
        emit ILedgerEvents.BonusClawedBack(uint16(id), a.member, stage, lot, points, recovered);
    }

    /// @notice A member's progress.
    function progressOf(CampaignSlots storage campaign, address member)
        internal
        view
        returns (uint256[] memory spends, uint256 visits, uint256 awardedStages)
    {
        uint256 head = campaign.progress[member][0];
        spends = _spends(campaign.partnerCount, campaign.progress[member], head);
        return (spends, _visits(head), (head >> AWARDED_SHIFT) & 0xffff);
    }

    function _visits(uint256 head) private pure returns (uint256) {
        return (head >> VISITS_SHIFT) & INDEX_MASK;
    }

    function _spends(uint256 count, mapping(uint256 => uint256) storage progress, uint256 head)
        private
        view
        returns (uint256[] memory spends)
    {
        spends = new uint256[](count);
        uint256 word = head;
        // A campaign has at most 64 partners.
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                if (i < 3) {
                    spends[i] = word & SPEND_MASK;
                    word >>= 61;
                    continue;
                }
                if ((i - 3) & 3 == 0) word = progress[1 + ((i - 3) >> 2)];
                spends[i] = word & 0xffffffffffffffff;
                word >>= 64;
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
