// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DelegateTerms, ILedgerEvents, IPointsLedger, PartnerTerms, RiskLimits} from "../interfaces/IPointsLedger.sol";
import {DAY_MAX, EARN_RATE_MAX, PARTNERS_MAX, PRICE_MICRO_MAX} from "./Bounds.sol";
import {signerOf, typedDigest} from "./Domain.sol";
import {Delegate, Ledger, Partner, programDay} from "./LedgerStorage.sol";
import {Limits} from "./Limits.sol";
import {Positions} from "./Positions.sol";
import {Terms, partnerTerms, refundTerms} from "./Terms.sol";

/// @title Partners: admission, co-signed terms, keys, delegates and limits
/// @dev Its own contract, entered by delegatecall.
library PartnerBook {
    bytes32 private constant TERMS_TYPEHASH = keccak256(
        "Terms(uint16 partner,uint32 version,uint32 issuePriceMicro,uint32 redeemPriceMicro,uint16 earnRate,uint24 effectiveDay)"
    );
    bytes32 private constant ROTATE_KEY_TYPEHASH =
        keccak256("RotateKey(uint16 partner,address key,uint48 previousKeyUntil,uint32 version)");
    bytes32 private constant DELEGATE_TYPEHASH = keccak256(
        "Delegate(uint32 submitter,address key,uint48 validUntil,uint32 kindsAllowed,uint32 operationPointsMax,uint48 dayPointsMax,uint32 version)"
    );

    /// @notice Partners are numbered from 1 without gaps.
    function admit(Ledger storage $, uint16 id, string calldata name, address key) external {
        if (id != $.program.partnerCount + 1) revert IPointsLedger.UnknownPartner(id);
        if (id > PARTNERS_MAX) revert IPointsLedger.TooMany("partners", PARTNERS_MAX);
        if (key == address(0)) revert IPointsLedger.InvalidTerms("key");
        if (bytes(name).length == 0 || bytes(name).length > 64) revert IPointsLedger.InvalidTerms("name");
        Partner storage partner = $.partners[id];
        $.program.partnerCount = id;
        partner.key = key;
        partner.name = name;
        partner.refundTerms = _addTerms($, refundTerms(id));
        // Until terms are recorded, a purchase earns nothing and a redemption is paid nothing.
        partner.terms = _addTerms($, partnerTerms(id, 0, 0, 0));
        // A position begins in the running cycle: it has no statement of an earlier one.
        $.positions[id].cycle = $.program.cycle;
        emit ILedgerEvents.PartnerAdmitted(id, name, key, partner.refundTerms, partner.terms);
    }

    /// @notice See `IPointsLedger.recordTerms`.
    function recordTerms(Ledger storage $, PartnerTerms calldata terms, bytes[] calldata signatures) external {
        Partner storage partner = known($, terms.partner);
        if (terms.version != partner.termsVersion + 1) {
            revert IPointsLedger.WrongVersion(partner.termsVersion + 1, terms.version);
        }
        if (terms.issuePriceMicro > PRICE_MICRO_MAX) revert IPointsLedger.InvalidTerms("issuePriceMicro");
        if (terms.redeemPriceMicro > PRICE_MICRO_MAX) revert IPointsLedger.InvalidTerms("redeemPriceMicro");
        if (terms.earnRate > EARN_RATE_MAX) revert IPointsLedger.InvalidTerms("earnRate");
        if (terms.effectiveDay > DAY_MAX) revert IPointsLedger.InvalidTerms("effectiveDay");
        if (signatures.length != 2) revert IPointsLedger.InvalidTerms("signatures");
        bytes32 digest = typedDigest(keccak256(abi.encode(TERMS_TYPEHASH, terms)));
        _requireSigned($, terms.partner, digest, signatures[0]);
        _requireSigned($, 0, digest, signatures[1]);

        partner.termsVersion = terms.version;
        uint256 today = programDay($.program.dayOffsetSeconds);
        // Earlier terms that have fallen due come first: what follows replaces only those that have not.
        if (partner.hasPendingTerms && today >= partner.pendingTermsDay) bringInForce(partner, terms.partner);
        uint24 id =
            _addTerms($, partnerTerms(terms.partner, terms.issuePriceMicro, terms.redeemPriceMicro, terms.earnRate));
        emit ILedgerEvents.PartnerTermsRecorded(
            terms.partner,
            terms.version,
            id,
            terms.issuePriceMicro,
            terms.redeemPriceMicro,
            terms.earnRate,
            terms.effectiveDay
        );
        partner.pendingTerms = id;
        partner.pendingTermsDay = terms.effectiveDay;
        partner.hasPendingTerms = true;
        if (today >= terms.effectiveDay) bringInForce(partner, terms.partner);
    }

    function bringInForce(Partner storage partner, uint256 id) internal {
        partner.terms = partner.pendingTerms;
        partner.hasPendingTerms = false;
        emit ILedgerEvents.PartnerTermsInForce(uint16(id), partner.terms);
    }

    function _addTerms(Ledger storage $, Terms terms) private returns (uint24 id) {
        id = ++$.program.termsCount;
        if (id >= 1 << 20) revert IPointsLedger.TooMany("terms", (1 << 20) - 1);
        $.terms[id] = terms;
    }

    function known(Ledger storage $, uint16 id) internal view returns (Partner storage partner) {
        partner = $.partners[id];
        if (id == 0 || partner.key == address(0)) revert IPointsLedger.UnknownPartner(id);
    }

    function _requireSigned(Ledger storage $, uint16 payer, bytes32 digest, bytes calldata signature) private view {
        address signer = signerOf(digest, signature);
        if (signer == address(0) || signer != $.partners[payer].key) revert IPointsLedger.InvalidSignature(payer);
    }

    /// @notice The new key signs from now on; the old one still does until `previousKeyUntil`, so that no till stands still.
    function rotateKey(Ledger storage $, uint16 id, address key, uint48 previousKeyUntil, bytes calldata signature)
        external
    {
        Partner storage partner = known($, id);
        if (key == address(0)) revert IPointsLedger.InvalidTerms("key");
        bytes32 structHash =
            keccak256(abi.encode(ROTATE_KEY_TYPEHASH, id, key, previousKeyUntil, partner.keyVersion + 1));
        _requireSigned($, id, typedDigest(structHash), signature);
        _setKey(partner, id, key, previousKeyUntil);
    }

    /// @notice The operator's way, for a key that is lost or stolen: the old one is void at once.
    function replaceKey(Ledger storage $, uint16 id, address key) external {
        if (key == address(0)) revert IPointsLedger.InvalidTerms("key");
        _setKey(known($, id), id, key, 0);
    }

    function _setKey(Partner storage partner, uint16 id, address key, uint48 previousKeyUntil) private {
        ++partner.keyVersion;
        partner.previousKey = partner.key;
        partner.previousKeyUntil = previousKeyUntil;
        partner.key = key;
        emit ILedgerEvents.PartnerKeyRotated(id, key, partner.previousKey, previousKeyUntil);
    }

    /// @notice Sets or revokes (key 0) a delegate key, signed by the partner.
    function setDelegate(Ledger storage $, uint32 submitter, DelegateTerms calldata terms, bytes calldata signature)
        external
    {
        known($, uint16(submitter >> 16));
        bytes32 structHash =
            keccak256(abi.encode(DELEGATE_TYPEHASH, submitter, terms, $.delegates[submitter].version + 1));
        _requireSigned($, uint16(submitter >> 16), typedDigest(structHash), signature);
        _setDelegate($, submitter, terms);
    }

    /// @notice Sets or revokes a submitter slot of the program, for attesters.
    function setAttester(Ledger storage $, uint16 slot, address key, uint48 validUntil) external {
        if (slot == 0) revert IPointsLedger.InvalidTerms("slot");
        _setDelegate(
            $,
            slot,
            DelegateTerms({
                key: key,
                validUntil: validUntil,
                kindsAllowed: 0,
                operationPointsMax: type(uint32).max,
                dayPointsMax: type(uint48).max
            })
        );
    }

    function _setDelegate(Ledger storage $, uint32 submitter, DelegateTerms memory terms) private {
        if (submitter & 0xffff == 0) revert IPointsLedger.InvalidTerms("slot");
        Delegate storage delegate = $.delegates[submitter];
        delegate.terms = terms;
        ++delegate.version;
        emit ILedgerEvents.DelegateSet(submitter, terms, delegate.version);
    }

    function setLimits(Ledger storage $, uint16 id, RiskLimits calldata limits) external {
        Partner storage partner = known($, id);
        partner.limits = limits;
        partner.hasLimits = limits.creditLimitMicro != Limits.NO_CREDIT_LIMIT
            || limits.operationPointsMax != type(uint32).max || limits.memberDayPointsMax != type(uint48).max
            || limits.partnerDayPointsMax != type(uint48).max;
        emit ILedgerEvents.LimitsSet(id, limits);
    }

    function setSuspended(Ledger storage $, uint16 id, bool isSuspended) external {
        Partner storage partner = known($, id);
        if (partner.isSuspended == isSuspended) return;
        partner.isSuspended = isSuspended;
        if (isSuspended) emit ILedgerEvents.PartnerSuspended(id);
        else emit ILedgerEvents.PartnerReinstated(id);
    }

    /// @notice Closes the running cycle. Statements follow as positions move, or by `issueStatements`.
    function closeCycle(Ledger storage $) external returns (uint32 cycle) {
        cycle = $.program.cycle;
        if (cycle == type(uint16).max) revert IPointsLedger.TooMany("cycles", type(uint16).max);
        uint256 today = programDay($.program.dayOffsetSeconds);
        $.cycleDays[cycle] = today;
        $.program.cycle = uint16(cycle + 1);
        emit ILedgerEvents.CycleClosed(cycle, today);
    }

    function issueStatements(Ledger storage $, uint16[] calldata partners) external {
        for (uint256 i = 0; i < partners.length; ++i) {
            known($, partners[i]);
            Positions.roll($, partners[i]);
        }
    }
}
