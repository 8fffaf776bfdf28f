// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignSigning} from "./CampaignSigning.sol";
import {CampaignTerms, DebtView, Funder, IssuerKind, LotView, Stage} from "../src/interfaces/IPointsLedger.sol";

/// @notice What counts in a campaign, what is awarded, who pays, and what a return claws back.
contract CampaignRulesTest is CampaignSigning {
    function setUp() public override {
        super.setUp();
        for (uint16 p = 1; p <= 4; ++p) {
            _admit(p, 10_000, 8000, 100);
        }
        _enrol(1);
    }

    /// @dev Of partners 1 … 3, opened, and its first day reached.
    function _begin(Stage[] memory stages, uint64 budgetPoints) private {
        CampaignTerms memory terms = _campaign(3, 1, budgetPoints);
        terms.stages = stages;
        _open(terms);
        _nextDay();
    }

    function _stages(Stage memory stage) private pure returns (Stage[] memory stages) {
        stages = new Stage[](1);
        stages[0] = stage;
    }

    function _buy(uint16 partner, uint40 spend) private returns (uint32) {
        return _apply(_submitter(partner), _purchase(partner, 1, spend));
    }

    function _spentPoints() private view returns (uint64) {
        return ledger.campaignOf(1).spentPoints;
    }

    // ---------------------------------------------------------------- conditions

    function test_StageNeedsItsPartners() public {
        _begin(_stages(Stage(500, 2, 100, 0, 0)), 5000);
        _buy(1, 100);
        _buy(2, 99);
        vm.assertEq(_spentPoints(), 0, "99 of 100 at the second");
        _buy(4, 1000);
        vm.assertEq(_spentPoints(), 0, "partner 4 is not in it");
        _buy(2, 1);
        vm.assertEq(_spentPoints(), 500, "two partners");
    }

    function test_StageWithoutLeastSpendNeedsAnySpend() public {
        _begin(_stages(Stage(500, 2, 0, 0, 0)), 5000);
        _buy(1, 1);
        vm.assertEq(_spentPoints(), 0, "one");
        _buy(3, 1);
        vm.assertEq(_spentPoints(), 500, "two");
    }

    function test_StageNeedsItsTotalAndItsVisits() public {
        _begin(_stages(Stage(500, 0, 0, 1000, 3)), 5000);
        _buy(1, 2000);
        _buy(1, 1);
        vm.assertEq(_spentPoints(), 0, "two visits");
        _buy(1, 1);
        vm.assertEq(_spentPoints(), 500, "three");
    }

    function test_TotalIsOfAllPartners() public {
        _begin(_stages(Stage(500, 0, 0, 1000, 0)), 5000);
        _buy(1, 500);
        _buy(2, 499);
        vm.assertEq(_spentPoints(), 0, "999");
        _buy(3, 1);
        vm.assertEq(_spentPoints(), 500, "1,000");
    }

    function test_PurchaseThatEarnsNothingCounts() public {
        _reprice(1, 10_000, 8000, 0);
        _begin(_stages(Stage(500, 1, 0, 0, 0)), 5000);
        _buy(1, 1);
        vm.assertEq(ledger.balanceOf(_member(1)), 500, "only the bonus");
    }

    function test_OnlyTheWindowCounts() public {
        CampaignTerms memory terms = _campaign(1, 500, 5000);
        terms.closesDay = terms.opensDay + 1;
        terms.stages[0] = Stage(500, 1, 1, 0, 0);
        _open(terms);
        _buy(1, 100);
        vm.assertEq(_spentPoints(), 0, "before its first day");
        _pass(3);
        _buy(1, 100);
        vm.assertEq(_spentPoints(), 0, "after its last day");
        _apply(_submitter(1), _purchaseOn(1, 1, 100, FIRST_DAY));
        vm.assertEq(_spentPoints(), 0, "posted for a day before it");
        _apply(_submitter(1), _purchaseOn(1, 1, 100, FIRST_DAY + 2));
        vm.assertEq(_spentPoints(), 500, "posted for its last day");
        LotView[] memory lots = ledger.lotsOf(_member(1));
        vm.assertEq(lots[lots.length - 1].expiresDay, FIRST_DAY + 33, "the bonus lives from the day it was awarded");
    }

    function test_EachStageIsAwardedOnceInOrder() public {
        Stage[] memory stages = new Stage[](3);
        stages[0] = Stage(100, 1, 0, 0, 0);
        stages[1] = Stage(200, 0, 0, 0, 3);
        stages[2] = Stage(300, 2, 0, 0, 0);
        _begin(stages, 5000);
        _buy(1, 10);
        vm.assertEq(_spentPoints(), 100, "first");
        _buy(2, 10);
        vm.assertEq(_spentPoints(), 400, "third before second");
        _buy(2, 10);
        vm.assertEq(_spentPoints(), 600, "second");
        _buy(2, 10);
        vm.assertEq(_spentPoints(), 600, "all of them: once");
        vm.assertEq(ledger.progressOf(1, _member(1)).awardedStages, 7, "three");
        vm.assertEq(ledger.progressOf(1, _member(1)).visits, 4, "visits go on");
    }

    function test_SixteenStagesAndTheirLots() public {
        Stage[] memory stages = new Stage[](16);
        for (uint32 i = 0; i < 16; ++i) {
            stages[i] = Stage(100 + i, 1, 0, 0, 0);
        }
        _begin(stages, 5000);
        uint32 sold = _buy(1, 10);
        vm.assertEq(_spentPoints(), 16 * 100 + 120, "all at once");
        LotView[] memory lots = ledger.lotsOf(_member(1));
        vm.assertTrue(lots[16].kind == IssuerKind.Campaign && lots[16].issuer == 1 && lots[16].stage == 15, "issuer");
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        vm.assertEq(_spentPoints(), 0, "each lot was found again");
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "nothing left");
    }

    /// @dev Lots of stages 1 … 12 are numbered in one word, those of stages 13 … 15 in the next. Odd stages need a total of 100.
    function test_StagesOfTwoWordsKeepTheirLotsThroughPartialClawBacks() public {
        Stage[] memory stages = new Stage[](16);
        for (uint32 i = 0; i < 16; ++i) {
            stages[i] = Stage(100 + i, 0, 0, i % 2 == 1 ? 100 : 0, 0);
        }
        _begin(stages, 5000);
        uint32 sold = _buy(1, 100);
        for (uint256 round = 1; round <= 3; ++round) {
            _apply(_submitter(1), _return(1, 1, 0, sold, 10));
            vm.assertEq(ledger.progressOf(1, _member(1)).awardedStages, 0x5555, "the even ones");
            _assertBonusLots(0x5555);
            _buy(2, 10);
            vm.assertEq(ledger.progressOf(1, _member(1)).awardedStages, 0xffff, "all again");
            _assertBonusLots(0xffff);
        }
        _apply(_submitter(1), _redeem(1, 1, uint32(ledger.balanceOf(_member(1)) - 100)));
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        vm.assertEq(ledger.accountOf(_member(1)).debt, 8 * 108 - 90, "10 of the 100 that were left repaid the base");
        vm.assertEq(_spentPoints(), 16 * 100 + 120 - 90, "what is owed is still spent");
    }

    /// @dev Each of these stages has its own lot, whole, and no other stage has one.
    function _assertBonusLots(uint256 awarded) private view {
        LotView[] memory lots = ledger.lotsOf(_member(1));
        for (uint256 i = 0; i < lots.length; ++i) {
            if (lots[i].kind != IssuerKind.Campaign) continue;
            vm.assertTrue(awarded >> lots[i].stage & 1 == 1, "of an awarded stage, once");
            vm.assertEq(lots[i].points, 100 + lots[i].stage, "whole");
            awarded &= ~(1 << lots[i].stage);
        }
        vm.assertEq(awarded, 0, "every one");
    }

    // ---------------------------------------------------------------- budget and shares

    function test_BonusBeyondTheBudgetIsRefusedAndCounted() public {
        Stage[] memory stages = new Stage[](2);
        stages[0] = Stage(600, 1, 0, 0, 0);
        stages[1] = Stage(500, 1, 0, 0, 0);
        _begin(stages, 1000);
        _buy(1, 10);
        vm.assertEq(_spentPoints(), 600, "the first fits");
        vm.assertEq(ledger.campaignOf(1).refused, 1, "the second does not");
        _buy(1, 10);
        vm.assertEq(ledger.campaignOf(1).refused, 2, "each time it is met");
        vm.assertEq(ledger.balanceOf(_member(1)), 620, "base points post either way");
    }

    function test_LargestRemaindersPayWhatIsLeftOver() public {
        _begin(_stages(Stage(1001, 1, 0, 0, 0)), 5000);
        _buy(1, 10);
        // Shares 3334, 3333, 3333 of 1,001: 333.7, 333.6, 333.6.
        vm.assertEq(ledger.positionOf(1).bonus, int256(334 * 9000), "first");
        vm.assertEq(ledger.positionOf(2).bonus, int256(334 * 9000), "the tie goes to the one listed first");
        vm.assertEq(ledger.positionOf(3).bonus, int256(333 * 9000), "third");
    }

    function test_OperatorsShareIsBilledToNobody() public {
        CampaignTerms memory terms = _campaign(2, 1000, 5000);
        terms.funders = new Funder[](2);
        terms.funders[0] = Funder(0, 7500);
        terms.funders[1] = Funder(2, 2500);
        terms.stages[0] = Stage(1000, 1, 0, 0, 0);
        _open(terms);
        _nextDay();
        uint32 sold = _buy(1, 10);
        vm.assertEq(ledger.positionOf(1).bonus, int256(0), "no funder");
        vm.assertEq(ledger.positionOf(2).bonus, int256(250 * 9000), "a quarter");
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        vm.assertEq(ledger.positionOf(2).credit, int256(250 * 9000), "and back");
        vm.assertEq(_spentPoints(), 0, "all of it");
    }

    function test_BonusWithoutPriceMovesNoPosition() public {
        CampaignTerms memory terms = _campaign(3, 1000, 5000);
        terms.priceMicro = 0;
        terms.stages[0] = Stage(1000, 1, 0, 0, 0);
        _open(terms);
        _nextDay();
        _buy(1, 10);
        vm.assertEq(ledger.balanceOf(_member(1)), 1010, "awarded");
        vm.assertEq(ledger.positionOf(1).bonus, int256(0), "free of charge");
    }

    // ---------------------------------------------------------------- claw-back

    function test_ReturnClawsBackWhatIsNoLongerMet() public {
        _begin(_stages(Stage(500, 1, 100, 0, 0)), 600);
        uint32 sold = _buy(1, 150);
        _apply(_submitter(1), _return(1, 1, 0, sold, 50));
        vm.assertEq(_spentPoints(), 500, "still met");
        _apply(_submitter(1), _return(1, 1, 0, sold, 1));
        vm.assertEq(_spentPoints(), 0, "no longer");
        vm.assertEq(ledger.balanceOf(_member(1)), 99, "the base that was kept");
        vm.assertEq(ledger.positionOf(1).bonus - ledger.positionOf(1).credit, int256(-51 * 10_000), "bonus credited");
        _buy(1, 1);
        vm.assertEq(_spentPoints(), 500, "it can be earned again");
    }

    function test_VisitIsTakenOutByAWholeReturnOnly() public {
        _begin(_stages(Stage(500, 0, 0, 0, 2)), 600);
        _buy(1, 10);
        uint32 sold = _buy(1, 10);
        _apply(_submitter(1), _return(1, 1, 1, sold, 9));
        vm.assertEq(ledger.progressOf(1, _member(1)).visits, 2, "in part");
        vm.assertEq(_spentPoints(), 500, "kept");
        _apply(_submitter(1), _return(1, 1, 1, sold, 1));
        vm.assertEq(ledger.progressOf(1, _member(1)).visits, 1, "in full");
        vm.assertEq(_spentPoints(), 0, "clawed back");
    }

    function test_BudgetIsFreedWhenPointsAreRecoveredNotWhenOwed() public {
        _begin(_stages(Stage(500, 1, 0, 0, 0)), 600);
        uint32 sold = _buy(1, 100);
        _apply(_submitter(4), _redeem(4, 1, 400));
        // 200 are left: 100 of them repay the base, 100 the bonus.
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        vm.assertEq(_spentPoints(), 400, "what is owed is still spent");
        DebtView[] memory debts = ledger.debtsOf(_member(1));
        vm.assertTrue(debts.length == 1 && debts[0].points == 400, "owed");
        _apply(0, _grant(0, 1, 150));
        vm.assertEq(_spentPoints(), 250, "repaid");
    }

    function test_SharesOfARecoveryAreCumulative() public {
        CampaignTerms memory terms = _campaign(2, 3, 600);
        terms.stages[0] = Stage(3, 1, 0, 0, 0);
        _open(terms);
        _nextDay();
        uint32 sold = _buy(1, 1);
        _apply(_submitter(4), _redeem(4, 1, 4));
        _apply(_submitter(1), _return(1, 1, 0, sold, 1));
        int256[4] memory first = [int256(0), 1, 1, 2];
        int256[4] memory second = [int256(0), 0, 1, 1];
        for (uint256 i = 0; i < 4; ++i) {
            // The first grant repays the purchase itself.
            vm.assertEq(ledger.positionOf(1).credit - (i == 0 ? int256(0) : int256(10_000)), first[i] * 9000, "first");
            vm.assertEq(ledger.positionOf(2).credit, second[i] * 9000, "second");
            if (i == 0) _apply(0, _grant(0, 1, 1));
            _apply(0, _grant(0, 1, 1));
        }
    }

    function test_BonusRepaysDebt() public {
        uint32 sold = _buy(4, 1000);
        _apply(_submitter(4), _redeem(4, 1, 1000));
        _apply(_submitter(4), _return(4, 1, 0, sold, 1000));
        _begin(_stages(Stage(500, 1, 0, 0, 0)), 600);
        _buy(1, 100);
        vm.assertEq(ledger.accountOf(_member(1)).debt, 400, "base and bonus repay");
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "all");
        _buy(1, 450);
        vm.assertEq(ledger.balanceOf(_member(1)), 50, "without a bonus too");
    }

    function test_ReturnUndoesEveryCampaignThePurchaseCountedIn() public {
        CampaignTerms memory first = _campaign(3, 100, 5000);
        first.stages[0] = Stage(100, 1, 0, 0, 0);
        _open(first);
        CampaignTerms memory second = _campaign(1, 200, 5000);
        second.stages[0] = Stage(200, 1, 0, 0, 0);
        _open(second);
        _nextDay();
        uint32 sold = _buy(1, 10);
        vm.assertEq(ledger.balanceOf(_member(1)), 310, "both");
        LotView[] memory lots = ledger.lotsOf(_member(1));
        vm.assertTrue(lots[1].issuer == 1 && lots[2].issuer == 2, "in the order in which they were created");
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "both");
    }

    function test_ReturnAfterTheReleaseStillClawsBack() public {
        CampaignTerms memory terms = _campaign(3, 500, 5000);
        terms.closesDay = terms.opensDay;
        terms.stages[0] = Stage(500, 1, 0, 0, 0);
        _open(terms);
        _nextDay();
        uint32 sold = _buy(1, 10);
        _pass(10);
        ledger.releaseCampaign(1);
        (, int256 exposureMicro) = ledger.unpaidOf(2);
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        (, int256 after_) = ledger.unpaidOf(2);
        vm.assertEq(exposureMicro - after_, ledger.positionOf(2).credit, "nothing is reserved again");
        vm.assertEq(_spentPoints(), 0, "clawed back");
    }

    function test_ReturnOfAPurchaseOfAPausedDayTakesNothingOut() public {
        _begin(_stages(Stage(500, 0, 0, 0, 1)), 5000);
        _buy(1, 10);
        ledger.pauseCampaign(1, ledger.today() + 1);
        _nextDay();
        uint32 sold = _buy(1, 10);
        ledger.resumeCampaign(1, ledger.today() + 1);
        _nextDay();
        _apply(_submitter(1), _return(1, 1, 2, sold, 10));
        vm.assertEq(ledger.progressOf(1, _member(1)).visits, 1, "it had not counted");
        vm.assertEq(_spentPoints(), 500, "kept");
    }

    function test_OnlyTheStagesThatFailAreClawedBack() public {
        Stage[] memory stages = new Stage[](3);
        stages[0] = Stage(100, 1, 0, 0, 0);
        stages[1] = Stage(200, 0, 0, 150, 0);
        stages[2] = Stage(300, 0, 0, 100, 0);
        _begin(stages, 5000);
        uint32 sold = _buy(1, 150);
        vm.assertEq(_spentPoints(), 600, "all three");
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        vm.assertEq(_spentPoints(), 400, "the second only");
        vm.assertEq(ledger.progressOf(1, _member(1)).awardedStages, 5, "first and third");
    }

    /// @dev The returned lot is whole, but the bonus that goes with it is not.
    function test_SpentBonusIsOwedThoughTheReturnedLotIsWhole() public {
        _begin(_stages(Stage(500, 0, 0, 120, 0)), 600);
        uint32 first = _buy(1, 100);
        _buy(1, 50);
        _nextDay();
        uint32 last = _buy(1, 30);
        _apply(_submitter(1), _return(1, 1, 0, first, 50));
        _apply(_submitter(4), _redeem(4, 1, 500));
        _apply(_submitter(1), _return(1, 1, 3, last, 30));
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "what was left of the bonus");
        vm.assertEq(ledger.accountOf(_member(1)).debt, 400, "and what was not");
        vm.assertEq(_spentPoints(), 400, "is still spent");
    }
}
