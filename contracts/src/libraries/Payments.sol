// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerEvents} from "../interfaces/IPointsLedger.sol";
import {Ledger, Payment, PositionSlots} from "./LedgerStorage.sol";
import {Positions} from "./Positions.sol";

/// @title Payments between a partner and the operator
/// @notice The payer records one, the payee confirms it; only then is anything paid.
library Payments {
    /// @param operation the partner's, or 0: the operator's transaction.
    function record(Ledger storage $, uint64 operation, uint256 partner, uint64 amountMinor, bytes32 reference_)
        internal
        returns (uint32 payment)
    {
        bool fromPartner = operation != 0;
        payment = ++$.constitution.paymentCount;
        $.payments[payment] =
            Payment({amountMinor: amountMinor, partner: uint16(partner), fromPartner: fromPartner, isConfirmed: false});
        emit ILedgerEvents.PaymentRecorded(payment, uint16(partner), operation, fromPartner, amountMinor, reference_);
    }

    /// @param operation the partner's, or 0: the operator's transaction.
    /// @return isKnown false when there is no such payment that this payee can still confirm.
    function confirm(Ledger storage $, uint64 operation, uint256 payment) internal returns (bool isKnown) {
        uint256 payee = operation >> 48;
        Payment storage p = $.payments[payment];
        if (p.amountMinor == 0 || p.isConfirmed || payee != (p.fromPartner ? 0 : p.partner)) return false;
        p.isConfirmed = true;
        Positions.roll($, p.partner);
        PositionSlots storage position = $.positions[p.partner];
        int96 amount = int96(uint96(p.amountMinor));
        position.unpaidMinor -= p.fromPartner ? amount : -amount;
        emit ILedgerEvents.PaymentConfirmed(uint32(payment), p.partner, operation, position.unpaidMinor);
        return true;
    }
}
