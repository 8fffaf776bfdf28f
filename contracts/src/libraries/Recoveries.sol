// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents, IssuerKind} from "../interfaces/IPointsLedger.sol";
import {Account, Accounts} from "./Accounts.sol";
import {DAY_MAX} from "./Bounds.sol";
import {DayList} from "./DayList.sol";
import {CampaignSlots, Ledger} from "./LedgerStorage.sol";
import {Lot} from "./Lot.sol";
import {Positions} from "./Positions.sol";
import {Shares} from "./Shares.sol";
import {spendAt} from "./Spend.sol";
import {Terms} from "./Terms.sol";

/// @title Touching accounts, taking points back, debt
/// @notice Bringing an account to a day frees holds, lets lots expire and repays debt, as if day by day. Taking back recovers points as far
/// as they are available and leaves the rest as debt of the lot.
/// @dev Its own contract, entered by delegatecall.
library Recoveries {
    using Accounts for Ledger;
    using DayList for mapping(uint256 => uint256);

    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice Touches an account up to `day`.
    function touch(Ledger storage $, address member, uint256 day) external {
        Account memory a = $.load(member);
        // Nothing is written when nothing can change: anyone may touch, and an id without points stays one that never had any.
        if (!Accounts.isDue(a, day) && a.debt == 0) return;
        touchAccount($, a, day);
        $.store(a);
    }

    /// @notice Repays debt from what an operation added.
    function repay(Ledger storage $, address member) external {
        Account memory a = $.load(member);
        repayAccount($, a);
        $.store(a);
    }

    /// @dev Only days on which a hold ends can change what lots may expire and what can be repaid; between two of them nothing happens that
    /// the later one would not find the same, since fewer held points only ever let more expire.
    function touchAccount(Ledger storage $, Account memory a, uint256 day) internal {
        while (a.holdCount > 0 && a.soonestHold < day) {
            uint256 freedDay = a.soonestHold + 1;
            _releaseExpired($, a);
            _expire($, a, freedDay);
            repayAccount($, a);
        }
        _expire($, a, day);
        repayAccount($, a);
    }

    /// @dev Frees the pending holds of the soonest day.
    function _releaseExpired(Ledger storage $, Account memory a) private {
        mapping(uint256 => uint256) storage pending = $.pendingHolds[a.member];
        uint256 expiring = a.soonestHold;
        uint256 count = 0;
        uint256 day = expiring;
        while (count < a.holdCount) {
            uint256 nonce;
            (day, nonce) = pending.entryAt(count);
            if (day != expiring) break;
            uint256 points = spendAt($, a.member, nonce).points();
            a.held -= points;
            ++count;
            emit ILedgerEvents.HoldExpired(a.member, nonce, points);
        }
        pending.remove(a.holdCount, 0, count);
        a.holdCount -= count;
        a.soonestHold = a.holdCount == 0 ? DAY_MAX : day;
    }

    /// @dev Lots before `day` lose what they have left, but for the soonest points as many as are held.
    function _expire(Ledger storage $, Account memory a, uint256 day) private {
        if (a.soonest >= day) return;
        uint256 expired = $.consume(a, type(uint256).max, day, a.held);
        if (expired == 0) return;
        $.totals.expired += uint64(expired);
        emit ILedgerEvents.PointsExpired(a.member, expired, day);
        emit Transfer(a.member, address(0), expired);
    }

    /// @notice Repays debt from what is available, oldest debt first, from soonest-expiring lots.
    function repayAccount(Ledger storage $, Account memory a) internal {
        uint256 amount = a.balance - a.held;
        if (a.debt < amount) amount = a.debt;
        if (amount == 0) return;
        $.consume(a, amount, DAY_MAX + 1, 0);
        $.totals.cancelled += uint64(amount);
        emit Transfer(a.member, address(0), amount);
        a.debt -= amount;
        while (amount > 0) {
            uint256 entry = $.debts[a.member][a.debtFirst];
            uint256 owed = entry & 0xffffffffffff;
            uint256 part = owed < amount ? owed : amount;
            amount -= part;
            _repayEntry($, a.member, entry >> 48, owed, part);
            if (part == owed) {
                delete $.debts[a.member][a.debtFirst];
                ++a.debtFirst;
            } else {
                $.debts[a.member][a.debtFirst] = entry - part;
            }
        }
        if (a.debtFirst == a.debtNext) (a.debtFirst, a.debtNext) = (0, 0);
    }

    function _repayEntry(Ledger storage $, address member, uint256 termsId, uint256 owed, uint256 part) private {
        Terms terms = $.terms[termsId];
        // All points of an award are taken back at once, so what it had recovered before is all of it but what is owed.
        uint256 before = terms.kind() == IssuerKind.Campaign ? terms.bonusPoints() - owed : 0;
        _credit($, terms, before, before + part);
        emit ILedgerEvents.DebtRepaid(member, termsId, part, owed - part);
    }

    /// @notice Takes `points` back from a lot: first from it, then from any, both as far as available; the rest becomes debt. Writes the lot.
    /// @param lot as it is to be written, but for what is left of it.
    /// @return recovered points that were taken back at once.
    function takeBack(Ledger storage $, Account memory a, uint256 lotIndex, Lot lot, uint256 points)
        internal
        returns (uint256 recovered)
    {
        recovered = recover($, a, lotIndex, lot, points);
        if (recovered == 0) return 0;
        $.totals.cancelled += uint64(recovered);
        _credit($, $.terms[lot.terms()], 0, recovered);
    }

    /// @notice As `takeBack`, but what is recovered the caller counts, in totals and positions.
    function recover(Ledger storage $, Account memory a, uint256 lotIndex, Lot lot, uint256 points)
        internal
        returns (uint256 recovered)
    {
        recovered = a.balance - a.held;
        if (points < recovered) recovered = points;
        uint256 left = Accounts.leftOf(a, lotIndex, lot);
        uint256 own = left < recovered ? left : recovered;
        bool isFirst = !lot.isLate() && a.span > 0 && lotIndex == a.next - a.span;
        $.writeLot(a, lotIndex, isFirst ? lot : lot.withLeft(left - own));
        if (own > 0) {
            if (isFirst) a.firstLeft = left - own;
            a.balance -= own;
            if (a.balance == 0 || isFirst || lot.isLate()) $.settleFirst(a);
        }
        if (recovered > own) $.consume(a, recovered - own, DAY_MAX + 1, 0);
        if (recovered > 0) emit Transfer(a.member, address(0), recovered);
        if (points > recovered) _owe($, a, points - recovered, lot.terms());
    }

    /// @dev Debts of the same terms in a row are one: they are repaid in the same order at the same price. An award's stay apart, since its
    /// funders' shares are cumulative.
    function _owe(Ledger storage $, Account memory a, uint256 points, uint256 termsId) private {
        a.debt += points;
        if (a.debtNext > a.debtFirst && $.terms[termsId].kind() != IssuerKind.Campaign) {
            uint256 last = $.debts[a.member][a.debtNext - 1];
            if (last >> 48 == termsId) {
                $.debts[a.member][a.debtNext - 1] = last + points;
                return;
            }
        }
        $.debts[a.member][a.debtNext] = (termsId << 48) | points;
        ++a.debtNext;
    }

    /// @dev Credits the recovery of points `before` … `after_` of a lot: to its issuer at its price, or to the funders of its campaign by their
    /// shares of all that was recovered of the award.
    function _credit(Ledger storage $, Terms terms, uint256 before, uint256 after_) private {
        uint256 price = terms.issuePrice();
        if (terms.kind() == IssuerKind.Partner) {
            Positions.addCredit($, terms.issuer(), int256((after_ - before) * price));
            return;
        }
        CampaignSlots storage campaign = $.campaigns[terms.issuer()];
        campaign.spentPoints -= uint64(after_ - before);
        (uint16[] memory funders, uint256[] memory shareBps) = fundingOf(campaign);
        uint256[] memory sharesBefore = Shares.split(before, shareBps);
        uint256[] memory sharesAfter = Shares.split(after_, shareBps);
        for (uint256 i = 0; i < shareBps.length; ++i) {
            uint256 funder = funders[i];
            if (funder == 0) continue;
            int256 micro = (int256(sharesAfter[i]) - int256(sharesBefore[i])) * int256(price);
            Positions.addCredit($, funder, micro);
            // What a campaign gets back it can spend again, at the funder's cost.
            moveReserve($, campaign, funder, micro);
        }
    }

    /// @notice What an award costs a funder comes off what is set aside of its limit, and what is recovered goes back to it.
    /// @dev Shares of a part of an award may differ by a point from the part of the shares: the reserve never goes below 0 for that.
    function moveReserve(Ledger storage $, CampaignSlots storage campaign, uint256 funder, int256 micro) internal {
        if (campaign.isReleased) return;
        uint256 reserved = campaign.reservedMicro[funder];
        if (micro < 0 && uint256(-micro) > reserved) micro = -int256(reserved);
        campaign.reservedMicro[funder] = uint256(int256(reserved) + micro);
        Positions.reserve($, funder, micro);
    }

    /// @return funders the partners that pay for a campaign, 0 for the operator.
    /// @return shareBps the basis points that each pays; they sum to 10,000.
    function fundingOf(CampaignSlots storage campaign)
        internal
        view
        returns (uint16[] memory funders, uint256[] memory shareBps)
    {
        funders = campaign.funders;
        uint16[] memory packed = campaign.funderShareBps;
        // An array of words is what `Shares` splits by; narrower numbers lie in memory as words too.
        assembly ("memory-safe") {
            shareBps := packed
        }
    }
}
