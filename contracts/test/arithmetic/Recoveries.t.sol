// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Account, Accounts} from "../../src/libraries/Accounts.sol";
import {DayList} from "../../src/libraries/DayList.sol";
import {CampaignSlots, LedgerState} from "../../src/libraries/LedgerStorage.sol";
import {newLot} from "../../src/libraries/Lot.sol";
import {Recoveries} from "../../src/libraries/Recoveries.sol";
import {SPEND_HELD, newSpend, writeSpend} from "../../src/libraries/Spend.sol";
import {partnerTerms} from "../../src/libraries/Terms.sol";

/// @notice What random lives seldom meet.
contract RecoveriesTest is Test, LedgerState {
    using DayList for mapping(uint256 => uint256);

    /// @dev The day after a hold's last one frees its points and ends their lot at once: nothing is left for the debt.
    function test_PointsFreedAfterTheirLotsLastDayRepayNoDebt() public {
        Account memory a = _withHeldLotAndDebt();
        Recoveries.touchAccount(ledger, a, 1005);
        vm.assertEq(a.balance, 0, "expired");
        vm.assertEq(ledger.totals.expired, 10, "all of it");
        vm.assertEq(a.debt, 5, "still owed");
    }

    function test_PointsFreedBeforeTheirLotsLastDayRepayDebtFirst() public {
        Account memory a = _withHeldLotAndDebt();
        ledger.pendingHolds[a.member].insert(0, 999, 1);
        a.soonestHold = 999;
        Recoveries.touchAccount(ledger, a, 1005);
        vm.assertEq(ledger.totals.cancelled, 5, "repaid on day 1000");
        vm.assertEq(ledger.totals.expired, 5, "the rest expired on day 1001");
        vm.assertEq(a.debt, 0, "nothing is owed");
    }

    function test_AReserveGoesDownToNothingAndNoFurther() public {
        CampaignSlots storage campaign = ledger.campaigns[1];
        campaign.reservedMicro[2] = 5;
        ledger.positions[2].reservedMicro = 105;
        Recoveries.moveReserve(ledger, campaign, 2, -3);
        vm.assertEq(campaign.reservedMicro[2], 2, "5 - 3");
        Recoveries.moveReserve(ledger, campaign, 2, -7);
        vm.assertEq(campaign.reservedMicro[2], 0, "no further");
        vm.assertEq(uint256(ledger.positions[2].reservedMicro), 100, "what other campaigns set aside");
        Recoveries.moveReserve(ledger, campaign, 2, 4);
        vm.assertEq(campaign.reservedMicro[2], 4, "recovered");
        campaign.isReleased = true;
        Recoveries.moveReserve(ledger, campaign, 2, 9);
        vm.assertEq(campaign.reservedMicro[2], 4, "of a campaign that is over nothing is set aside");
        vm.assertEq(uint256(ledger.positions[2].reservedMicro), 104, "nor of the limit");
    }

    /// @dev A lot of 10 points, all held, both through day 1000, and 5 points owed to partner 1.
    function _withHeldLotAndDebt() private returns (Account memory a) {
        ledger.terms[2] = partnerTerms(1, 10_000, 0, 100);
        a = Accounts.load(ledger, address(7));
        Accounts.issue(ledger, a, newLot(10, 0, 2, 1000, 0));
        writeSpend(ledger, a.member, 1, newSpend(10, 1000, 2, SPEND_HELD, 1, 0));
        ledger.pendingHolds[a.member].insert(0, 1000, 1);
        (a.holdCount, a.held, a.soonestHold) = (1, 10, 1000);
        ledger.debts[a.member][0] = (2 << 48) | 5;
        (a.debt, a.debtNext) = (5, 1);
    }
}
