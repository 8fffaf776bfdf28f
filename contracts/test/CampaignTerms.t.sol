// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignSigning} from "./CampaignSigning.sol";
import {CampaignTerms, Funder, IPointsLedger, RiskLimits, Stage} from "../src/interfaces/IPointsLedger.sol";

/// @notice Which campaigns can be opened, paused, resumed, closed early and released.
contract CampaignTermsTest is CampaignSigning {
    function setUp() public override {
        super.setUp();
        for (uint16 p = 1; p <= 3; ++p) {
            _admit(p, 10_000, 8000, 100);
        }
    }

    function _refuse(CampaignTerms memory terms, bytes memory failure) private {
        bytes[] memory signatures = _signedByFunders(terms);
        vm.expectRevert(failure);
        ledger.openCampaign(terms, signatures);
    }

    function _invalid(bytes32 field) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IPointsLedger.InvalidTerms.selector, field);
    }

    function _tooMany(bytes32 what, uint256 most) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IPointsLedger.TooMany.selector, what, most);
    }

    // ---------------------------------------------------------------- opening

    function test_OpenedAsSigned() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        vm.expectEmit(true, true, true, true, address(ledger));
        // Terms 1 are the operator's own, then two kinds for each partner and one that each recorded.
        emit CampaignOpened(1, _campaignHash(terms), 11, terms);
        _open(terms);
        vm.assertEq(ledger.campaignOf(1).termsHash, _campaignHash(terms), "hash");
        vm.assertEq(ledger.campaignOf(1).budgetPoints, 2000, "budget");
        vm.assertEq(ledger.campaignOf(1).priceMicro, 9000, "price");
        vm.assertEq(ledger.campaignOf(1).opensDay, FIRST_DAY + 1, "first day");
        vm.assertEq(ledger.campaignOf(1).closesDay, FIRST_DAY + 7, "last day");
        vm.assertEq(ledger.campaignCount(), 1, "count");
    }

    function test_RevertWhen_CampaignIsNotTheNext() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        terms.campaign = 2;
        _refuse(terms, abi.encodeWithSelector(IPointsLedger.WrongVersion.selector, uint32(1), uint32(2)));
        terms.campaign = 1;
        _open(terms);
        _refuse(terms, abi.encodeWithSelector(IPointsLedger.WrongVersion.selector, uint32(2), uint32(1)));
    }

    function test_RevertWhen_WindowIsWrong() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        terms.closesDay = terms.opensDay - 1;
        _refuse(terms, _invalid("closesDay"));
        terms.closesDay = 1 << 20;
        _refuse(terms, _invalid("closesDay"));
        terms.opensDay = FIRST_DAY;
        _refuse(terms, abi.encodeWithSelector(IPointsLedger.DayNotAhead.selector, FIRST_DAY, FIRST_DAY));
    }

    function test_RevertWhen_PartnersAreWrong() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        terms.partners[2] = 4;
        _refuse(terms, abi.encodeWithSelector(IPointsLedger.UnknownPartner.selector, uint16(4)));
        terms.partners[2] = 0;
        _refuse(terms, abi.encodeWithSelector(IPointsLedger.UnknownPartner.selector, uint16(0)));
        terms.partners[2] = 1;
        _refuse(terms, _invalid("partners"));
        terms.partners = new uint16[](0);
        _refuse(terms, _invalid("partners"));
        terms.partners = new uint16[](65);
        _refuse(terms, _tooMany("partners", 64));
    }

    function test_RevertWhen_StagesOrPriceAreWrong() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        terms.priceMicro = 1_000_000_001;
        _refuse(terms, _invalid("priceMicro"));
        terms.priceMicro = 1_000_000_000;
        terms.stages[0].bonusPoints = 0;
        _refuse(terms, _invalid("bonusPoints"));
        terms.stages[0].bonusPoints = 4_000_000_001;
        _refuse(terms, _invalid("bonusPoints"));
        terms.stages = new Stage[](0);
        _refuse(terms, _invalid("stages"));
        terms.stages = new Stage[](17);
        _refuse(terms, _tooMany("stages", 16));
    }

    function test_RevertWhen_FundersAreWrong() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        ++terms.funders[0].shareBps;
        _refuse(terms, _invalid("shareBps"));
        --terms.funders[0].shareBps;
        terms.funders[1].partner = 1;
        _refuse(terms, _invalid("funders"));
        _admit(4, 1, 1, 1);
        terms.funders[1].partner = 4;
        _refuse(terms, _invalid("funders"));
        terms.funders = new Funder[](0);
        _refuse(terms, _invalid("shareBps"));
    }

    function test_RevertWhen_SignaturesDoNotMatchTheFunders() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        bytes[] memory signatures = new bytes[](2);
        vm.expectRevert(_invalid("signatures"));
        ledger.openCampaign(terms, signatures);
        signatures = _signedByFunders(terms);
        signatures[1] = bytes.concat(signatures[1], hex"1b");
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(2)));
        ledger.openCampaign(terms, signatures);
    }

    function test_RevertWhen_OneFieldIsAnotherThanSigned() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        bytes[] memory signatures = _signedByFunders(terms);
        bytes memory refusal = abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1));
        for (uint256 field = 0; field < 9; ++field) {
            CampaignTerms memory changed = _campaign(3, 1001, 2000);
            if (field == 0) changed.name = "Tours";
            if (field == 1) (changed.partners[0], changed.partners[1]) = (2, 1);
            if (field == 2) ++changed.opensDay;
            if (field == 3) ++changed.closesDay;
            if (field == 4) ++changed.budgetPoints;
            if (field == 5) ++changed.priceMicro;
            if (field == 6) ++changed.stages[0].minSpendEach;
            if (field == 7) (changed.funders[0].shareBps, changed.funders[1].shareBps) = (3333, 3334);
            if (field == 8) ++changed.stages[0].minVisits;
            vm.expectRevert(refusal);
            ledger.openCampaign(changed, signatures);
        }
        ledger.openCampaign(terms, signatures);
    }

    function test_RevertWhen_AFunderCannotOweTheBudget() public {
        CampaignTerms memory terms = _campaign(3, 1000, 2000);
        uint96 share = 668 * 9000;
        ledger.setLimits(1, RiskLimits(share - 1, type(uint32).max, type(uint48).max, type(uint48).max));
        _refuse(
            terms,
            abi.encodeWithSelector(
                IPointsLedger.CreditLimitExceeded.selector, uint16(1), uint256(share), uint256(share - 1)
            )
        );
        ledger.setLimits(1, RiskLimits(share, type(uint32).max, type(uint48).max, type(uint48).max));
        _open(terms);
        (, int256 exposureMicro) = ledger.unpaidOf(1);
        vm.assertEq(exposureMicro, int256(uint256(share)), "the most that it can be charged");
    }

    function test_RevertWhen_APartnerHasTooManyLiveCampaigns() public {
        for (uint256 i = 0; i < 32; ++i) {
            _open(_campaign(1, 10, 100));
        }
        CampaignTerms memory terms = _campaign(1, 10, 100);
        _refuse(terms, _tooMany("campaigns", 32));
        // Nothing can count or be returned any more: their places are free.
        _pass(7 + 30 + 1);
        _open(_campaign(1, 10, 100));
        vm.assertEq(ledger.campaignCount(), 33, "opened");
    }

    // ---------------------------------------------------------------- pausing, closing, releasing

    function test_RevertWhen_CampaignIsUnknown() public {
        bytes memory unknown = abi.encodeWithSelector(IPointsLedger.UnknownCampaign.selector, uint16(1));
        vm.expectRevert(unknown);
        ledger.pauseCampaign(1, FIRST_DAY + 1);
        vm.expectRevert(unknown);
        ledger.resumeCampaign(1, FIRST_DAY + 1);
        vm.expectRevert(unknown);
        ledger.closeCampaignEarly(1, FIRST_DAY + 1);
        vm.expectRevert(unknown);
        ledger.releaseCampaign(1);
    }

    function test_RevertWhen_PausesDoNotFollowOneAnother() public {
        _open(_campaign(3, 1001, 2000));
        vm.expectRevert(_invalid("paused"));
        ledger.resumeCampaign(1, FIRST_DAY + 1);
        ledger.pauseCampaign(1, FIRST_DAY + 2);
        vm.expectRevert(_invalid("paused"));
        ledger.pauseCampaign(1, FIRST_DAY + 3);
        vm.expectRevert(_invalid("fromDay"));
        ledger.resumeCampaign(1, FIRST_DAY + 2);
        ledger.resumeCampaign(1, FIRST_DAY + 4);
        vm.expectRevert(_invalid("paused"));
        ledger.resumeCampaign(1, FIRST_DAY + 5);
        vm.expectRevert(_invalid("fromDay"));
        ledger.pauseCampaign(1, FIRST_DAY + 3);
        ledger.pauseCampaign(1, FIRST_DAY + 4);
    }

    function test_RevertWhen_ChangesWouldCountForToday() public {
        _open(_campaign(3, 1001, 2000));
        bytes memory refusal = abi.encodeWithSelector(IPointsLedger.DayNotAhead.selector, FIRST_DAY, FIRST_DAY);
        vm.expectRevert(refusal);
        ledger.pauseCampaign(1, FIRST_DAY);
        vm.expectRevert(refusal);
        ledger.resumeCampaign(1, FIRST_DAY);
        vm.expectRevert(refusal);
        ledger.closeCampaignEarly(1, FIRST_DAY - 1);
    }

    function test_RevertWhen_PausedTooOften() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        terms.closesDay = FIRST_DAY + 100;
        _open(terms);
        for (uint24 i = 0; i < 16; ++i) {
            ledger.pauseCampaign(1, FIRST_DAY + 1 + 2 * i);
            ledger.resumeCampaign(1, FIRST_DAY + 2 + 2 * i);
        }
        vm.expectRevert(_tooMany("pauses", 16));
        ledger.pauseCampaign(1, FIRST_DAY + 90);
    }

    function test_RevertWhen_ClosedLaterThanSigned() public {
        _open(_campaign(3, 1001, 2000));
        vm.expectRevert(_invalid("lastDay"));
        ledger.closeCampaignEarly(1, FIRST_DAY + 7);
        vm.expectRevert(_invalid("lastDay"));
        ledger.closeCampaignEarly(1, type(uint24).max);
        ledger.closeCampaignEarly(1, FIRST_DAY + 6);
        vm.assertEq(ledger.campaignOf(1).closesDay, FIRST_DAY + 6, "closed early");
    }

    function test_ClosingOneLeavesOthersOfThePartnerOpen() public {
        _enrol(1);
        for (uint256 i = 0; i < 2; ++i) {
            CampaignTerms memory terms = _campaign(1, 100, 2000);
            terms.stages[0] = Stage(100, 1, 0, 0, 0);
            _open(terms);
        }
        _nextDay();
        ledger.closeCampaignEarly(2, ledger.today());
        _nextDay();
        _apply(_submitter(1), _purchase(1, 1, 10));
        vm.assertEq(ledger.campaignOf(1).spentPoints, 100, "open");
        vm.assertEq(ledger.campaignOf(2).spentPoints, 0, "closed");
    }

    function test_ReleaseWaitsUntilNothingCanBeAwarded() public {
        _open(_campaign(3, 1001, 2000));
        uint24 lastAward = FIRST_DAY + 7 + 5;
        _pass(12);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.DayNotAhead.selector, lastAward, lastAward));
        ledger.releaseCampaign(1);
        _nextDay();
        (, int256 before) = ledger.unpaidOf(1);
        vm.assertTrue(before > 0, "reserved");
        ledger.releaseCampaign(1);
        (, int256 after_) = ledger.unpaidOf(1);
        vm.assertEq(after_, int256(0), "freed");
        ledger.releaseCampaign(1);
        (, int256 again) = ledger.unpaidOf(1);
        vm.assertEq(again, int256(0), "once");
    }
}
