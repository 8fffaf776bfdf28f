// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OperatorActions} from "./OperatorActions.sol";
import {
    AccountView,
    CampaignView,
    DebtView,
    HoldView,
    LotView,
    Position,
    Totals
} from "../../src/interfaces/IPointsLedger.sol";

/// @notice The coalition that an invariant's runs act on, and what is always true of it.
contract LedgerHandler is OperatorActions {
    constructor() {
        setUp();
    }

    function selectors() external pure returns (bytes4[] memory all) {
        all = new bytes4[](21);
        // Purchases and spending stand twice: all else acts on what they leave.
        (all[0], all[1], all[2], all[3]) =
        (this.buy.selector, this.buy.selector, this.buy.selector, this.grant.selector);
        (all[4], all[5], all[6]) = (this.giveBack.selector, this.giveBack.selector, this.refund.selector);
        (all[7], all[8], all[9]) = (this.redeem.selector, this.redeem.selector, this.hold.selector);
        (all[10], all[11], all[12]) = (this.capture.selector, this.void.selector, this.transfer.selector);
        (all[13], all[14], all[15]) = (this.campaign.selector, this.govern.selector, this.clear.selector);
        (all[16], all[17], all[18]) = (this.pass.selector, this.touch.selector, this.relayAgain.selector);
        (all[19], all[20]) = (this.pass.selector, this.crowd.selector);
    }

    // ---------------------------------------------------------------- always true

    function assertAlwaysTrue() external view {
        uint256 outstanding = 0;
        for (uint256 m = 1; m <= MEMBERS; ++m) {
            outstanding += _assertMember(_member(m));
        }
        _assertTotals(outstanding);
        int256 net = 0;
        for (uint16 p = 1; p <= PARTNERS; ++p) {
            net += _assertPartner(p);
        }
        vm.assertEq(ledger.operatorNet(), net, "the partners' positions and the operator's sum to zero");
        for (uint16 c = 1; c <= campaignsOpened; ++c) {
            CampaignView memory campaign_ = ledger.campaignOf(c);
            vm.assertEq(campaign_.spentPoints, awardedPoints[c] - recoveredPoints[c], "spent = awarded - recovered");
            vm.assertLe(campaign_.spentPoints, campaign_.budgetPoints, "spent <= budget");
            vm.assertEq(campaign_.refused, refusals[c], "refused");
        }
    }

    function _assertTotals(uint256 outstanding) private view {
        Totals memory all = ledger.totals();
        vm.assertEq(all.issued, allFlows.issued, "issued");
        vm.assertEq(all.burned, allFlows.burned - allFlows.refunded, "burned");
        vm.assertEq(all.cancelled, allFlows.cancelled, "cancelled");
        vm.assertEq(all.expired, allFlows.expired, "expired");
        vm.assertEq(all.outstanding, outstanding, "outstanding is what members have");
        vm.assertEq(
            uint256(all.issued),
            uint256(all.burned) + all.cancelled + all.expired + outstanding,
            "issued = burned + cancelled + expired + outstanding"
        );
        vm.assertEq(ledger.totalSupply(), outstanding, "supply");
    }

    function _assertMember(address member) private view returns (uint256 posted) {
        posted = ledger.balanceOf(member);
        Flow memory flow = flows[member];
        vm.assertEq(
            flow.issued + flow.refunded + flow.received,
            flow.burned + flow.cancelled + flow.expired + flow.sent + posted,
            "a member's points: all that came = all that went + what is left"
        );
        vm.assertEq(flow.erc20In - flow.erc20Out, posted, "sum of Transfer events = balance");
        vm.assertEq(_sumOfLots(member), posted, "sum of lots = balance");
        vm.assertLe(heldSum[member], posted, "held <= balance");
        vm.assertEq(_sumOfHolds(member), heldSum[member], "sum of holds = held");
        AccountView memory account = ledger.accountOf(member);
        vm.assertEq(account.posted, posted, "posted");
        vm.assertLe(uint256(account.available) + account.held, posted, "a touch adds nothing");
        vm.assertLe(account.held, heldSum[member], "nor holds anything");
        vm.assertEq(ledger.availableOf(member), account.available, "available");
        vm.assertLe(account.debt, _sumOfDebts(member), "a touch repays");
    }

    function _sumOfLots(address member) private view returns (uint256 sum) {
        LotView[] memory lots = ledger.lotsOf(member);
        for (uint256 i = 0; i < lots.length; ++i) {
            sum += lots[i].points;
            vm.assertTrue(lots[i].points > 0 && lots[i].points <= 4_000_000_000, "points of a lot");
            if (i > 0) vm.assertLe(lots[i - 1].expiresDay, lots[i].expiresDay, "soonest first");
        }
    }

    function _sumOfHolds(address member) private view returns (uint256 sum) {
        HoldView[] memory holds = ledger.holdsOf(member);
        for (uint256 i = 0; i < holds.length; ++i) {
            sum += holds[i].points;
            vm.assertEq(heldPoints[member][holds[i].nonce], holds[i].points, "hold");
        }
    }

    function _sumOfDebts(address member) private view returns (uint256 sum) {
        DebtView[] memory debts = ledger.debtsOf(member);
        for (uint256 i = 0; i < debts.length; ++i) {
            sum += debts[i].points;
            vm.assertTrue(debts[i].points > 0, "no empty debt");
        }
    }

    function _assertPartner(uint16 partner) private view returns (int256 net) {
        Position memory position = ledger.positionOf(partner);
        Lines memory book = lines[partner];
        vm.assertEq(position.base, book.base, "base");
        vm.assertEq(position.bonus, book.bonus, "bonus");
        vm.assertEq(position.credit, book.credit, "credit");
        vm.assertEq(position.reimbursed, book.reimbursed, "reimbursed");
        net = book.base + book.bonus - book.credit - book.reimbursed;
        vm.assertEq(position.net, net, "net");
        Settlement memory s = settled[partner];
        vm.assertEq(s.netMicro, s.payableMinor * UNIT_MICRO + s.carriedMicro, "stated = payable + carried");
        (int256 unpaidMinor, int256 exposureMicro) = ledger.unpaidOf(partner);
        vm.assertEq(unpaidMinor, s.payableMinor - s.paidMinor, "unpaid = payable - confirmed payments");
        vm.assertGe(exposureMicro, net - s.paidMinor * UNIT_MICRO, "exposure = what is not paid + what is reserved");
    }

    // ---------------------------------------------------------------- statistics

    /// @notice What the runs have to bring about.
    function kinds() public pure returns (bytes32[32] memory) {
        return [
            bytes32("purchase"),
            "purchase posted late",
            "grant",
            "return",
            "refund",
            "redeem",
            "hold",
            "capture",
            "void",
            "transfer",
            "freed points lapse",
            "debt left",
            "open",
            "pause",
            "resume",
            "close early",
            "release",
            "bonus",
            "claw-back",
            "suspend or reinstate",
            "reprice",
            "limit",
            "freeze",
            "lock",
            "unlock",
            "close cycle",
            "partner's payment",
            "operator's payment",
            "touch",
            "touch that expires",
            "relay again",
            "crowd"
        ];
    }

    /// @dev Adds what this run did to what the earlier ones did, and shows it (`forge test -vv`).
    function tellStatistics() external {
        string memory text = "applied in all runs so far (refused in this one):";
        bytes32[32] memory all = kinds();
        for (uint256 i = 0; i < all.length; ++i) {
            string memory key = string.concat("LEDGER_HANDLER_", vm.toString(i));
            uint256 count = vm.envOr(key, 0) + applied[all[i]];
            vm.setEnv(key, vm.toString(count));
            text = string.concat(text, "\n    ", _text(all[i]), " ", vm.toString(count));
            if (refused[all[i]] > 0) text = string.concat(text, " (", vm.toString(refused[all[i]]), ")");
        }
        say(text);
    }

    function appliedCount(bytes32 kind) external view returns (uint256) {
        return applied[kind];
    }
}
