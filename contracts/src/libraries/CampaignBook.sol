// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignTerms, ILedgerEvents, IPointsLedger, Stage} from "../interfaces/IPointsLedger.sol";
import {
    CAMPAIGN_PARTNERS_MAX,
    CAMPAIGN_PAUSES_MAX,
    CAMPAIGN_STAGES_MAX,
    DAY_MAX,
    LIVE_CAMPAIGNS_MAX,
    POINTS_MAX,
    PRICE_MICRO_MAX,
    SHARE_BPS_TOTAL
} from "./Bounds.sol";
import {signerOf, typedDigest} from "./Domain.sol";
import {CampaignSlots, Ledger, Partner, programDay} from "./LedgerStorage.sol";
import {Limits} from "./Limits.sol";
import {Positions} from "./Positions.sol";
import {Shares} from "./Shares.sol";
import {stageTerms} from "./Terms.sol";

/// @title Opening, pausing and closing campaigns
/// @notice A campaign takes effect only with the signatures of all who pay for it, before its first day.
/// @dev Its own contract, entered by delegatecall.
library CampaignBook {
    bytes32 private constant STAGE_TYPEHASH = keccak256(
        "Stage(uint32 bonusPoints,uint16 partnersRequired,uint64 minSpendEach,uint64 minSpendTotal,uint32 minVisits)"
    );
    bytes32 private constant FUNDER_TYPEHASH = keccak256("Funder(uint16 partner,uint16 shareBps)");
    bytes32 private constant CAMPAIGN_TYPEHASH = keccak256(
        "Campaign(uint16 campaign,string name,uint16[] partners,uint24 opensDay,uint24 closesDay,uint64 budgetPoints,uint32 priceMicro,Stage[] stages,Funder[] funders)Funder(uint16 partner,uint16 shareBps)Stage(uint32 bonusPoints,uint16 partnersRequired,uint64 minSpendEach,uint64 minSpendTotal,uint32 minVisits)"
    );

    /// @notice See `IPointsLedger.openCampaign`.
    function open(Ledger storage $, CampaignTerms calldata terms, bytes[] calldata signatures) external {
        _checkTerms($, terms);
        bytes32 termsHash = hashOf(terms);
        _checkSignatures($, terms, signatures, typedDigest(termsHash));
        CampaignSlots storage campaign = $.campaigns[terms.campaign];
        $.program.campaignCount = terms.campaign;
        campaign.termsHash = termsHash;
        campaign.opensDay = terms.opensDay;
        campaign.closesDay = terms.closesDay;
        campaign.budgetPoints = terms.budgetPoints;
        campaign.priceMicro = terms.priceMicro;
        campaign.partners = terms.partners;
        // At most CAMPAIGN_PARTNERS_MAX and CAMPAIGN_STAGES_MAX: both fit a byte.
        campaign.partnerCount = uint8(terms.partners.length);
        campaign.stageCount = uint8(terms.stages.length);
        campaign.firstTerms = $.program.termsCount + 1;
        _writeStages($, campaign, terms);
        for (uint256 i = 0; i < terms.partners.length; ++i) {
            _list($, terms, i);
        }
        _reserve($, campaign, terms);
        emit ILedgerEvents.CampaignOpened(terms.campaign, termsHash, campaign.firstTerms, terms);
    }

    function _checkTerms(Ledger storage $, CampaignTerms calldata terms) private view {
        if (terms.campaign != $.program.campaignCount + 1) {
            revert IPointsLedger.WrongVersion($.program.campaignCount + 1, terms.campaign);
        }
        uint256 today = programDay($.program.dayOffsetSeconds);
        if (terms.opensDay <= today) revert IPointsLedger.DayNotAhead(terms.opensDay, uint24(today));
        if (terms.closesDay < terms.opensDay || terms.closesDay > DAY_MAX) {
            revert IPointsLedger.InvalidTerms("closesDay");
        }
        if (terms.priceMicro > PRICE_MICRO_MAX) revert IPointsLedger.InvalidTerms("priceMicro");
        if (terms.partners.length == 0) revert IPointsLedger.InvalidTerms("partners");
        if (terms.partners.length > CAMPAIGN_PARTNERS_MAX) {
            revert IPointsLedger.TooMany("partners", CAMPAIGN_PARTNERS_MAX);
        }
        if (terms.stages.length == 0) revert IPointsLedger.InvalidTerms("stages");
        if (terms.stages.length > CAMPAIGN_STAGES_MAX) revert IPointsLedger.TooMany("stages", CAMPAIGN_STAGES_MAX);
        for (uint256 i = 0; i < terms.partners.length; ++i) {
            uint16 partner = terms.partners[i];
            if (partner == 0 || $.partners[partner].key == address(0)) revert IPointsLedger.UnknownPartner(partner);
            for (uint256 j = 0; j < i; ++j) {
                if (terms.partners[j] == partner) revert IPointsLedger.InvalidTerms("partners");
            }
        }
        for (uint256 i = 0; i < terms.stages.length; ++i) {
            uint256 points = terms.stages[i].bonusPoints;
            if (points == 0 || points > POINTS_MAX) revert IPointsLedger.InvalidTerms("bonusPoints");
        }
        _checkFunders(terms);
    }

    function _checkFunders(CampaignTerms calldata terms) private pure {
        uint256 sum = 0;
        for (uint256 i = 0; i < terms.funders.length; ++i) {
            uint16 funder = terms.funders[i].partner;
            sum += terms.funders[i].shareBps;
            bool isParty = funder == 0;
            for (uint256 j = 0; j < terms.partners.length; ++j) {
                if (terms.partners[j] == funder) isParty = true;
            }
            for (uint256 j = 0; j < i; ++j) {
                if (terms.funders[j].partner == funder) isParty = false;
            }
            if (!isParty) revert IPointsLedger.InvalidTerms("funders");
        }
        if (sum != SHARE_BPS_TOTAL) revert IPointsLedger.InvalidTerms("shareBps");
    }

    function _checkSignatures(
        Ledger storage $,
        CampaignTerms calldata terms,
        bytes[] calldata signatures,
        bytes32 digest
    ) private view {
        if (signatures.length != terms.funders.length) {
            revert IPointsLedger.InvalidTerms("signatures");
        }
        for (uint256 i = 0; i < signatures.length; ++i) {
            uint16 payer = terms.funders[i].partner;
            address signer = signerOf(digest, signatures[i]);
            if (signer == address(0) || signer != $.partners[payer].key) revert IPointsLedger.InvalidSignature(payer);
        }
    }

    function _writeStages(Ledger storage $, CampaignSlots storage campaign, CampaignTerms calldata terms) private {
        for (uint256 i = 0; i < terms.stages.length; ++i) {
            Stage calldata stage = terms.stages[i];
            campaign.stages[i] = uint256(stage.bonusPoints) | (uint256(stage.partnersRequired) << 32)
                | (uint256(stage.minSpendEach) << 48) | (uint256(stage.minSpendTotal) << 112)
                | (uint256(stage.minVisits) << 176);
            $.terms[campaign.firstTerms + i] = stageTerms(terms.campaign, terms.priceMicro, i, stage.bonusPoints);
        }
        $.program.termsCount += uint24(terms.stages.length);
        for (uint256 i = 0; i < terms.funders.length; ++i) {
            campaign.funders.push(terms.funders[i].partner);
            campaign.funderShareBps.push(terms.funders[i].shareBps);
        }
    }

    /// @dev Adds the campaign to its partner's list, and takes off it those in which nothing can count or be returned any more.
    function _list(Ledger storage $, CampaignTerms calldata terms, uint256 position) private {
        Partner storage partner = $.partners[terms.partners[position]];
        uint256 today = programDay($.program.dayOffsetSeconds);
        uint256 count = 0;
        for (uint256 i = 0; i < partner.campaignCount; ++i) {
            uint256 entry = entryAt(partner, i);
            if ((entry >> 44) + $.program.returnWindowDays < today) continue;
            _writeEntry(partner, count++, entry);
        }
        if (count == LIVE_CAMPAIGNS_MAX) revert IPointsLedger.TooMany("campaigns", LIVE_CAMPAIGNS_MAX);
        _writeEntry(
            partner,
            count,
            uint256(terms.campaign) | (position << 16) | (uint256(terms.opensDay) << 24)
                | (uint256(terms.closesDay) << 44)
        );
        partner.campaignCount = uint8(count + 1);
    }

    function entryAt(Partner storage partner, uint256 i) internal view returns (uint256) {
        return (partner.campaigns[i >> 2] >> ((i & 3) * 64)) & 0xffffffffffffffff;
    }

    function _writeEntry(Partner storage partner, uint256 i, uint256 entry) private {
        uint256 shift = (i & 3) * 64;
        uint256 word = partner.campaigns[i >> 2];
        partner.campaigns[i >> 2] = (word & ~(uint256(0xffffffffffffffff) << shift)) | (entry << shift);
    }

    /// @dev Sets the most that a funder can be charged against its credit limit. Largest remainders can charge a funder more than its basis
    /// points say, most so in the stage whose split favours it most, as often as the budget allows.
    function _reserve(Ledger storage $, CampaignSlots storage campaign, CampaignTerms calldata terms) private {
        uint256[] memory shareBps = new uint256[](terms.funders.length);
        uint256[] memory most = new uint256[](terms.funders.length);
        for (uint256 i = 0; i < shareBps.length; ++i) {
            shareBps[i] = terms.funders[i].shareBps;
        }
        for (uint256 s = 0; s < terms.stages.length; ++s) {
            uint256 bonus = terms.stages[s].bonusPoints;
            uint256[] memory shares = Shares.split(bonus, shareBps);
            for (uint256 i = 0; i < shares.length; ++i) {
                uint256 points = (uint256(terms.budgetPoints) * shares[i] + bonus - 1) / bonus;
                if (points > most[i]) most[i] = points;
            }
        }
        for (uint256 i = 0; i < most.length; ++i) {
            uint16 funder = terms.funders[i].partner;
            if (funder == 0) continue;
            uint256 micro = most[i] * terms.priceMicro;
            if (!Limits.fitsCredit($, funder, micro)) {
                int256 exposure = Positions.exposureMicro($, funder) + int256(micro);
                revert IPointsLedger.CreditLimitExceeded(
                    funder, uint256(exposure), $.partners[funder].limits.creditLimitMicro
                );
            }
            campaign.reservedMicro[funder] = micro;
            Positions.reserve($, funder, int256(micro));
        }
    }

    /// @notice The EIP-712 struct hash of the terms.
    function hashOf(CampaignTerms calldata terms) public pure returns (bytes32) {
        bytes32[] memory stages = new bytes32[](terms.stages.length);
        for (uint256 i = 0; i < stages.length; ++i) {
            stages[i] = keccak256(abi.encode(STAGE_TYPEHASH, terms.stages[i]));
        }
        bytes32[] memory funders = new bytes32[](terms.funders.length);
        for (uint256 i = 0; i < funders.length; ++i) {
            funders[i] = keccak256(abi.encode(FUNDER_TYPEHASH, terms.funders[i]));
        }
        return keccak256(
            bytes.concat(
                abi.encode(
                    CAMPAIGN_TYPEHASH,
                    terms.campaign,
                    keccak256(bytes(terms.name)),
                    keccak256(abi.encodePacked(terms.partners)),
                    terms.opensDay,
                    terms.closesDay,
                    terms.budgetPoints
                ),
                abi.encode(terms.priceMicro, keccak256(abi.encodePacked(stages)), keccak256(abi.encodePacked(funders)))
            )
        );
    }

    /// @notice Nothing counts from `fromDay` on, until it is resumed.
    function pause(Ledger storage $, uint16 id, uint24 fromDay) external {
        CampaignSlots storage campaign = _running($, id, fromDay);
        uint256 count = campaign.pauseCount;
        if (count == CAMPAIGN_PAUSES_MAX) revert IPointsLedger.TooMany("pauses", CAMPAIGN_PAUSES_MAX);
        if (count > 0 && fromDay < campaign.pauses[count - 1] >> 24) revert IPointsLedger.InvalidTerms("fromDay");
        if (count > 0 && campaign.pauses[count - 1] >> 24 == 0) revert IPointsLedger.InvalidTerms("paused");
        campaign.pauses[count] = fromDay;
        campaign.pauseCount = uint8(count + 1);
        emit ILedgerEvents.CampaignPaused(id, fromDay);
    }

    /// @notice Counts again from `fromDay` on.
    function resume(Ledger storage $, uint16 id, uint24 fromDay) external {
        CampaignSlots storage campaign = _running($, id, fromDay);
        uint256 count = campaign.pauseCount;
        if (count == 0 || campaign.pauses[count - 1] >> 24 != 0) revert IPointsLedger.InvalidTerms("paused");
        if (fromDay <= campaign.pauses[count - 1]) revert IPointsLedger.InvalidTerms("fromDay");
        campaign.pauses[count - 1] |= uint256(fromDay) << 24;
        emit ILedgerEvents.CampaignResumed(id, fromDay);
    }

    /// @notice Nothing counts after `lastDay`, today at the soonest.
    function closeEarly(Ledger storage $, uint16 id, uint24 lastDay) external {
        // The first day without is the one after, so it is tomorrow at the soonest.
        CampaignSlots storage campaign = _running($, id, uint256(lastDay) + 1);
        if (lastDay >= campaign.closesDay) revert IPointsLedger.InvalidTerms("lastDay");
        campaign.closesDay = lastDay;
        for (uint256 i = 0; i < campaign.partners.length; ++i) {
            Partner storage partner = $.partners[campaign.partners[i]];
            for (uint256 j = 0; j < partner.campaignCount; ++j) {
                uint256 entry = entryAt(partner, j);
                if (entry & 0xffff != id) continue;
                _writeEntry(partner, j, (entry & ((1 << 44) - 1)) | (uint256(lastDay) << 44));
            }
        }
        emit ILedgerEvents.CampaignClosedEarly(id, lastDay);
    }

    function _running(Ledger storage $, uint16 id, uint256 day) private view returns (CampaignSlots storage campaign) {
        campaign = $.campaigns[id];
        if (campaign.termsHash == 0) revert IPointsLedger.UnknownCampaign(id);
        uint256 today = programDay($.program.dayOffsetSeconds);
        // A day up to today has 20 bits.
        if (day <= today) revert IPointsLedger.DayNotAhead(uint24(day), uint24(today));
    }

    /// @notice Frees what the campaign still reserves, once nothing can be awarded any more.
    function release(Ledger storage $, uint16 id) external {
        CampaignSlots storage campaign = $.campaigns[id];
        if (campaign.termsHash == 0) revert IPointsLedger.UnknownCampaign(id);
        uint256 today = programDay($.program.dayOffsetSeconds);
        uint256 lastAward = uint256(campaign.closesDay) + $.program.latePostingDays;
        if (today <= lastAward) revert IPointsLedger.DayNotAhead(uint24(lastAward), uint24(today));
        if (campaign.isReleased) return;
        campaign.isReleased = true;
        for (uint256 i = 0; i < campaign.funders.length; ++i) {
            uint256 funder = campaign.funders[i];
            Positions.reserve($, funder, -int256(campaign.reservedMicro[funder]));
            campaign.reservedMicro[funder] = 0;
        }
    }
}
