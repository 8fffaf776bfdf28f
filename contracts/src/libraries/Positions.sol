// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "../interfaces/IPointsLedger.sol";
import {Ledger, PositionSlots, StatementSlots} from "./LedgerStorage.sol";
import {MinorUnits} from "./MinorUnits.sol";

/// @title Clearing positions: what partners and the operator owe each other
/// @notice Lines only ever change here. A line that moves in a new cycle first closes the statement of the last one, so closing a cycle
/// is one write however many partners there are.
library Positions {
    /// @dev Transient: bit p % 256 of word p / 256 is set when the position of partner p changed in this transaction.
    uint256 private constant CHANGED_SLOT = uint256(keccak256("points-coalition.positions.changed")) & ~uint256(0xffff);

    function addBase(Ledger storage $, uint256 partner, uint256 micro) internal {
        if (micro == 0) return;
        PositionSlots storage position = _open($, partner);
        // 120 bits hold 10^17 operations of the largest amount.
        position.base += uint120(micro);
    }

    function addBonus(Ledger storage $, uint256 partner, uint256 micro) internal {
        if (micro == 0) return;
        PositionSlots storage position = _open($, partner);
        position.bonus += uint120(micro);
    }

    function addCredit(Ledger storage $, uint256 partner, int256 micro) internal {
        if (micro == 0) return;
        PositionSlots storage position = _open($, partner);
        position.credit += int128(micro);
    }

    function addReimbursed(Ledger storage $, uint256 partner, int256 micro) internal {
        if (micro == 0) return;
        PositionSlots storage position = _open($, partner);
        position.reimbursed += int128(micro);
    }

    /// @notice Sets part of a partner's limit aside for a campaign, or frees it.
    function reserve(Ledger storage $, uint256 partner, int256 micro) internal {
        PositionSlots storage position = $.positions[partner];
        position.reservedMicro = uint128(uint256(int256(uint256(position.reservedMicro)) + micro));
    }

    /// @notice What a partner owes or may come to owe: closed and unpaid, open, carried and reserved. Negative when the operator owes.
    function exposureMicro(Ledger storage $, uint256 partner) internal view returns (int256) {
        PositionSlots storage p = $.positions[partner];
        int256 unit = int256(MinorUnits.microPerMinor($.program.currencyDecimals));
        return _openNet(p) + p.carriedMicro + int256(p.unpaidMinor) * unit + int256(uint256(p.reservedMicro));
    }

    /// @notice Issues the statement of the last cycle in which the position was open, when a later cycle runs.
    function roll(Ledger storage $, uint256 partner) internal {
        PositionSlots storage p = $.positions[partner];
        if (p.cycle != $.program.cycle) _issueStatement($, p, partner);
    }

    /// @notice Emits `PositionChanged` for every position that changed in this transaction.
    function emitChanged(Ledger storage $) internal {
        uint256 words = uint256($.program.partnerCount) / 256 + 1;
        for (uint256 word = 0; word < words; ++word) {
            uint256 slot = CHANGED_SLOT + word;
            uint256 bits;
            assembly ("memory-safe") {
                bits := tload(slot)
                if bits { tstore(slot, 0) }
            }
            for (uint256 partner = word * 256; bits != 0; ++partner) {
                if (bits & 1 == 1) {
                    PositionSlots storage p = $.positions[partner];
                    emit ILedgerEvents.PositionChanged(
                        uint16(partner), int256(uint256(p.base)), int256(uint256(p.bonus)), p.credit, p.reimbursed
                    );
                }
                bits >>= 1;
            }
        }
    }

    function _open(Ledger storage $, uint256 partner) private returns (PositionSlots storage position) {
        position = $.positions[partner];
        if (position.cycle != $.program.cycle) _issueStatement($, position, partner);
        uint256 slot = CHANGED_SLOT + partner / 256;
        uint256 bit = 1 << (partner % 256);
        assembly ("memory-safe") {
            let bits := tload(slot)
            if iszero(and(bits, bit)) { tstore(slot, or(bits, bit)) }
        }
    }

    function _openNet(PositionSlots storage p) private view returns (int256) {
        return int256(uint256(p.base)) - int256(uint256(p.statedBase)) + int256(uint256(p.bonus))
            - int256(uint256(p.statedBonus)) - (int256(p.credit) - p.statedCredit)
            - (int256(p.reimbursed) - p.statedReimbursed);
    }

    /// @dev Cycles between the stated one and the running one had no lines of this partner: their net is 0 and the residual passes through.
    function _issueStatement(Ledger storage $, PositionSlots storage p, uint256 partner) private {
        uint256 cycle = p.cycle;
        StatementSlots storage s = $.statements[cycle][partner];
        int256 unit = int256(MinorUnits.microPerMinor($.program.currencyDecimals));
        s.base = int128(uint128(p.base - p.statedBase));
        s.bonus = int128(uint128(p.bonus - p.statedBonus));
        s.credit = p.credit - p.statedCredit;
        s.reimbursed = p.reimbursed - p.statedReimbursed;
        s.carriedIn = p.carriedMicro;
        s.day = uint24($.cycleDays[cycle]);
        s.isIssued = true;
        (int256 payable_, int256 residual) = MinorUnits.roundHalfEven(_openNet(p) + p.carriedMicro, unit);
        // Half a unit is at most 500,000 micro-units; 96 bits of minor units hold what 128 bits of micro-units can be.
        s.payableMinor = int96(payable_);
        s.carriedOut = int64(residual);

        p.statedBase = p.base;
        p.statedBonus = p.bonus;
        p.statedCredit = p.credit;
        p.statedReimbursed = p.reimbursed;
        p.carriedMicro = int64(residual);
        p.unpaidMinor += int96(payable_);
        p.cycle = $.program.cycle;
        _emitStatement(s, cycle, partner);
    }

    function _emitStatement(StatementSlots storage s, uint256 cycle, uint256 partner) private {
        emit ILedgerEvents.StatementIssued(
            uint32(cycle),
            uint16(partner),
            s.base,
            s.bonus,
            s.credit,
            s.reimbursed,
            s.carriedIn,
            s.payableMinor,
            s.carriedOut
        );
    }
}
