// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Delegate, Ledger, Partner} from "./LedgerStorage.sol";
import {Positions} from "./Positions.sol";

/// @title Risk limits
/// @notice What a partner, or a delegate of one, may do in one operation and in one day, and how much it may come to owe.
/// @dev A partner without limits and without delegates costs no storage read beyond its own first slot.
library Limits {
    uint96 internal constant NO_CREDIT_LIMIT = type(uint96).max;

    /// @notice Limits of a redemption or hold: per operation, and of the delegate a day.
    function checkSpend(Ledger storage $, uint256 operation, uint256 points, uint256 today)
        internal
        view
        returns (bytes32)
    {
        Partner storage p = $.partners[operation >> 48];
        if (p.hasLimits && points > p.limits.operationPointsMax) return "operation_limit_exceeded";
        return _checkDelegate($, operation, points, today);
    }

    function recordSpend(Ledger storage $, uint256 operation, uint256 points, uint256 today) internal {
        if ((operation >> 32) & 0xffff == 0) return;
        Delegate storage d = $.delegates[operation >> 32];
        d.usagePoints = uint64(points) + (d.usageDay == today ? d.usagePoints : 0);
        d.usageDay = uint24(today);
    }

    /// @notice Limits of a purchase or grant.
    /// @param chargeMicro what the partner would owe for it.
    function checkIssue(
        Ledger storage $,
        uint256 operation,
        address member,
        uint256 points,
        uint256 chargeMicro,
        uint256 today
    ) internal view returns (bytes32 reason) {
        Partner storage p = $.partners[operation >> 48];
        if (p.hasLimits && points > p.limits.operationPointsMax) return "operation_limit_exceeded";
        reason = _checkDelegate($, operation, points, today);
        if (reason != 0 || !p.hasLimits) return reason;
        if (p.limits.memberDayPointsMax != type(uint48).max) {
            uint256 usage = p.memberUsage[member];
            uint256 used = usage & 0xffffff == today ? usage >> 24 : 0;
            if (used + points > p.limits.memberDayPointsMax) return "member_day_limit_exceeded";
        }
        if (p.limits.partnerDayPointsMax != type(uint48).max) {
            uint256 used = p.usageDay == today ? p.usagePoints : 0;
            if (used + points > p.limits.partnerDayPointsMax) return "partner_day_limit_exceeded";
        }
        return fitsCredit($, operation >> 48, chargeMicro) ? bytes32(0) : bytes32("credit_limit_exceeded");
    }

    function recordIssue(Ledger storage $, uint256 operation, address member, uint256 points, uint256 today) internal {
        recordSpend($, operation, points, today);
        Partner storage p = $.partners[operation >> 48];
        if (!p.hasLimits) return;
        if (p.limits.memberDayPointsMax != type(uint48).max) {
            uint256 usage = p.memberUsage[member];
            uint256 used = usage & 0xffffff == today ? usage >> 24 : 0;
            p.memberUsage[member] = ((used + points) << 24) | today;
        }
        if (p.limits.partnerDayPointsMax != type(uint48).max) {
            p.usagePoints = uint64(points) + (p.usageDay == today ? p.usagePoints : 0);
            p.usageDay = uint24(today);
        }
    }

    /// @notice Whether a partner may come to owe `chargeMicro` more.
    function fitsCredit(Ledger storage $, uint256 partner, uint256 chargeMicro) internal view returns (bool) {
        Partner storage p = $.partners[partner];
        if (!p.hasLimits || p.limits.creditLimitMicro == NO_CREDIT_LIMIT) return true;
        return Positions.exposureMicro($, partner) + int256(chargeMicro) <= int256(uint256(p.limits.creditLimitMicro));
    }

    function _checkDelegate(Ledger storage $, uint256 operation, uint256 points, uint256 today)
        private
        view
        returns (bytes32)
    {
        if ((operation >> 32) & 0xffff == 0) return 0;
        Delegate storage d = $.delegates[operation >> 32];
        uint256 used = d.usageDay == today ? d.usagePoints : 0;
        bool fits = points <= d.terms.operationPointsMax && used + points <= d.terms.dayPointsMax;
        return fits ? bytes32(0) : bytes32("delegate_limit_exceeded");
    }
}
