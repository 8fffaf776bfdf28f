// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {CampaignTerms, Funder, Stage} from "../src/interfaces/IPointsLedger.sol";

/// @notice Campaigns as their funders sign them, hashed without the ledger's code.
abstract contract CampaignSigning is LedgerFixture {
    function _open(CampaignTerms memory terms) internal {
        ledger.openCampaign(terms, _signedByFunders(terms));
    }

    function _signedByFunders(CampaignTerms memory terms) internal view returns (bytes[] memory signatures) {
        bytes32 digest = _digest(_campaignHash(terms));
        signatures = new bytes[](terms.funders.length);
        for (uint256 i = 0; i < signatures.length; ++i) {
            uint16 funder = terms.funders[i].partner;
            signatures[i] = _sign(funder == 0 ? OPERATOR_KEY : 100 + funder, digest);
        }
    }

    function _campaignHash(CampaignTerms memory terms) internal pure returns (bytes32) {
        string memory stageType =
            "Stage(uint32 bonusPoints,uint16 partnersRequired,uint64 minSpendEach,uint64 minSpendTotal,uint32 minVisits)";
        string memory funderType = "Funder(uint16 partner,uint16 shareBps)";
        string memory campaignType =
            "Campaign(uint16 campaign,string name,uint16[] partners,uint24 opensDay,uint24 closesDay,uint64 budgetPoints,uint32 priceMicro,Stage[] stages,Funder[] funders)";
        bytes memory stages;
        for (uint256 i = 0; i < terms.stages.length; ++i) {
            stages = bytes.concat(stages, keccak256(abi.encode(keccak256(bytes(stageType)), terms.stages[i])));
        }
        bytes memory funders;
        for (uint256 i = 0; i < terms.funders.length; ++i) {
            funders = bytes.concat(funders, keccak256(abi.encode(keccak256(bytes(funderType)), terms.funders[i])));
        }
        bytes memory window = abi.encode(terms.opensDay, terms.closesDay, terms.budgetPoints, terms.priceMicro);
        bytes memory parties = abi.encode(
            keccak256(bytes.concat(bytes(campaignType), bytes(funderType), bytes(stageType))),
            terms.campaign,
            keccak256(bytes(terms.name)),
            keccak256(abi.encodePacked(terms.partners))
        );
        return keccak256(bytes.concat(parties, window, keccak256(stages), keccak256(funders)));
    }

    /// @dev One stage, from tomorrow for a week, paid by its partners in equal parts but for the first, which pays the rest.
    function _campaign(uint16 partnerCount, uint32 bonusPoints, uint64 budgetPoints)
        internal
        view
        returns (CampaignTerms memory terms)
    {
        terms.campaign = ledger.campaignCount() + 1;
        terms.name = "Tour";
        terms.partners = new uint16[](partnerCount);
        terms.funders = new Funder[](partnerCount);
        uint16 share = 10_000 / partnerCount;
        for (uint16 i = 0; i < partnerCount; ++i) {
            terms.partners[i] = i + 1;
            terms.funders[i] = Funder({partner: i + 1, shareBps: share});
        }
        terms.funders[0].shareBps += 10_000 - share * partnerCount;
        terms.opensDay = ledger.today() + 1;
        terms.closesDay = ledger.today() + 7;
        terms.budgetPoints = budgetPoints;
        terms.priceMicro = 9000;
        terms.stages = new Stage[](1);
        terms.stages[0] = Stage({
            bonusPoints: bonusPoints, partnersRequired: partnerCount, minSpendEach: 1000, minSpendTotal: 0, minVisits: 0
        });
    }
}
