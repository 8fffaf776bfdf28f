// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DAY_MAX} from "./Bounds.sol";
import {Ledger} from "./LedgerStorage.sol";
import {Lot} from "./Lot.sol";

/// @title Burning from accounts in which nothing is held, owed, late or due
/// @notice What most redemptions and returns do, on the account's head alone: for a third of the gas, and to the same end as `Accounts`
/// and `Recoveries` would come to. `Accounts.issuePlain` is the same for purchases.
library PlainAccounts {
    uint256 private constant BIT_128 = (1 << 128) - 1;
    /// @dev Of the head: first left, span and soonest.
    uint256 private constant FIRST_FIELDS = (0xffffffff << 128) | (0x7ff << 181) | (0xfffff << 236);

    /// @notice Takes points out of the first lot of an account in which nothing is held, owed or due, when that leaves some in it.
    /// @dev What most redemptions are: the head's word alone, as `consume` of so many points would leave it.
    /// @return isTaken false when the account is not like that: then nothing was written.
    function take(Ledger storage $, address member, uint256 points, uint256 today) internal returns (bool isTaken) {
        uint256 head = $.heads[member];
        // Without points `firstLeft` is 0.
        if ((head >> 235) & 1 == 1 || (head >> 128) & 0xffffffff <= points || head >> 236 < today) return false;
        // The first lot has more than `points`, and the balance at least as many.
        unchecked {
            $.heads[member] = head - ((points << 128) | (points << 192));
        }
        return true;
    }

    /// @notice Takes all of `points` back from a lot, of an account in which nothing is held, owed or due and which does not keep the lot
    /// in its head, and writes the lot. What most returns are; as `Recoveries.recover` would leave it.
    /// @param head the account's.
    /// @param lot as it is to be written, but for what is left of it.
    /// @return isTaken false when lot and account are not like that: then nothing was written.
    function takeBack(
        Ledger storage $,
        address member,
        uint256 head,
        uint256 index,
        Lot lot,
        uint256 points,
        uint256 today
    ) internal returns (bool isTaken) {
        // The span counts lots up to `next`; the points are in the lot, and so in the balance.
        unchecked {
            uint256 next = (head >> 160) & 0x1fffff;
            uint256 first = next - ((head >> 181) & 0x7ff);
            if ((head >> 235) & 1 == 1 || head >> 236 < today || lot.isLate()) return false;
            if (index < first || (index + 1 == next && next & 1 == 1)) return false;
            if (index > first) {
                if (lot.left() < points) return false;
                lot = lot.withLeft(lot.left() - points);
            } else {
                if ((head >> 128) & 0xffffffff < points) return false;
                head = _headAfterFirst($, member, head - (points << 128));
            }
            $.heads[member] = head - (points << 192);
            mapping(uint256 => uint256) storage pairs = $.lotPairs[member];
            uint256 shift = (index & 1) << 7;
            pairs[index >> 1] = (pairs[index >> 1] & ~(BIT_128 << shift)) | (Lot.unwrap(lot) << shift);
        }
        return true;
    }

    /// @dev The head once the first open lot has changed: when nothing is left of it, the next with points is the first. No late lot has any.
    function _headAfterFirst(Ledger storage $, address member, uint256 head) private view returns (uint256) {
        uint256 left = (head >> 128) & 0xffffffff;
        if (left > 0) return head;
        uint256 next = (head >> 160) & 0x1fffff;
        uint256 span = (head >> 181) & 0x7ff;
        uint256 soonest = DAY_MAX;
        // The span is at least one: the lot that changed.
        unchecked {
            while (left == 0 && --span > 0) {
                Lot lot = lotAtHead($, member, head, next - span);
                (left, soonest) = (lot.left(), lot.day());
            }
        }
        if (span == 0) soonest = DAY_MAX;
        return (head & ~FIRST_FIELDS) | (left << 128) | (span << 181) | (soonest << 236);
    }

    /// @dev A lot of the account whose head this is.
    function lotAtHead(Ledger storage $, address member, uint256 head, uint256 index) internal view returns (Lot) {
        uint256 next = (head >> 160) & 0x1fffff;
        if (index + 1 == next && next & 1 == 1) return Lot.wrap(head & BIT_128);
        return Lot.wrap(($.lotPairs[member][index >> 1] >> ((index & 1) << 7)) & BIT_128);
    }
}
