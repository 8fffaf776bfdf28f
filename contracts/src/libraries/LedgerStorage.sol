// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DelegateTerms, RiskLimits} from "../interfaces/IPointsLedger.sol";
import {Terms} from "./Terms.sol";

/// @dev One slot, read once a submission.
struct Program {
    uint64 pausedKinds;
    int32 dayOffsetSeconds;
    uint24 lotValidityDays;
    uint24 returnWindowDays;
    uint24 latePostingDays;
    uint8 currencyDecimals;
    uint16 partnerCount;
    uint16 campaignCount;
    uint24 termsCount;
    uint16 cycle;
}

/// @dev Fixed at deployment, rarely read.
struct Constitution {
    string name;
    string symbol;
    bytes3 currency;
    uint32 firstKeyDelaySeconds;
    uint32 recoveryDelaySeconds;
    bytes32 relyingPartyIdHash;
    address operatorKey;
    address proposedOperatorKey;
    uint32 paymentCount;
}

struct TotalsSlot {
    uint64 issued;
    uint64 burned;
    uint64 cancelled;
    uint64 expired;
}

struct Partner {
    // First slot: all that a submission without limits or campaigns needs.
    address key;
    uint24 terms;
    uint24 refundTerms;
    bool isSuspended;
    bool hasLimits;
    bool hasPendingTerms;
    uint8 campaignCount;
    // Then what few operations need.
    address previousKey;
    uint48 previousKeyUntil;
    uint32 termsVersion;
    uint24 pendingTerms;
    uint24 pendingTermsDay;
    uint32 keyVersion;
    RiskLimits limits;
    uint24 usageDay;
    uint64 usagePoints;
    string name;
    /// @dev Four entries to a slot, see `CampaignRules`.
    mapping(uint256 => uint256) campaigns;
    /// @dev Of members with a limit a day: day in the low 24 bits, points above.
    mapping(address => uint256) memberUsage;
}

struct Delegate {
    DelegateTerms terms;
    uint32 version;
    uint24 usageDay;
    uint64 usagePoints;
}

/// @dev Clearing lines since the start, and as they were when the last statement was issued. Micro-units.
struct PositionSlots {
    uint120 base;
    uint120 bonus;
    uint16 cycle;
    int128 credit;
    int128 reimbursed;
    uint120 statedBase;
    uint120 statedBonus;
    int128 statedCredit;
    int128 statedReimbursed;
    int64 carriedMicro;
    int96 unpaidMinor;
    uint128 reservedMicro;
}

struct StatementSlots {
    int128 base;
    int128 bonus;
    int128 credit;
    int128 reimbursed;
    int64 carriedIn;
    int64 carriedOut;
    int96 payableMinor;
    uint24 day;
    bool isIssued;
}

struct Payment {
    uint64 amountMinor;
    uint16 partner;
    bool fromPartner;
    bool isConfirmed;
}

struct CampaignSlots {
    uint64 budgetPoints;
    uint64 spentPoints;
    uint40 refused;
    uint24 closesDay;
    uint24 firstTerms;
    uint8 stageCount;
    uint8 partnerCount;
    uint8 pauseCount;
    // Until here what every purchase in the campaign reads: one slot.
    uint24 opensDay;
    uint32 priceMicro;
    bool isReleased;
    bytes32 termsHash;
    uint16[] funders;
    uint16[] funderShareBps;
    uint16[] partners;
    /// @dev See `Conditions`.
    mapping(uint256 => uint256) stages;
    /// @dev First day without, in the low 24 bits; first day with again above (0: none yet).
    mapping(uint256 => uint256) pauses;
    mapping(address => mapping(uint256 => uint256)) progress;
    /// @dev By funder: what of its credit limit is set aside for awards still to come.
    mapping(uint256 => uint256) reservedMicro;
}

/// @dev Primary key 160 and the rest of what each authorisation reads and writes, from the low end: nonce 22 (highest used), window 32
/// (bit i: nonce − 1 − i was used), kind 2, isLocked 1, isWaiting 1 (the first key is not active yet), freezeReason 8, epoch 8.
struct MemberSlots {
    uint256 keyWord;
    uint48 activeFrom;
    uint32 allowancePerDay;
    uint24 allowanceDay;
    uint32 allowanceUsed;
    uint8 keyCount;
    address recoveryKey;
    uint8 recoveryKind;
    uint48 recoveryDueAt;
    /// @dev By epoch and key: kind. A finished recovery starts a new epoch, so that no old key is left.
    mapping(uint256 => uint256) otherKeys;
}

/// @title All of the ledger's storage
struct Ledger {
    Program program;
    TotalsSlot totals;
    mapping(address => uint256) heads;
    mapping(address => uint256) encumbrances;
    mapping(address => mapping(uint256 => uint256)) lotPairs;
    mapping(address => mapping(uint256 => uint256)) lateLots;
    mapping(address => mapping(uint256 => uint256)) pendingHolds;
    mapping(address => mapping(uint256 => uint256)) debts;
    mapping(address => mapping(uint256 => uint256)) spendPairs;
    mapping(uint256 => mapping(uint256 => uint256)) usedOperations;
    mapping(uint256 => Terms) terms;
    mapping(uint256 => Partner) partners;
    mapping(uint256 => PositionSlots) positions;
    mapping(address => MemberSlots) members;
    mapping(uint256 => Delegate) delegates;
    mapping(uint256 => CampaignSlots) campaigns;
    mapping(uint256 => mapping(uint256 => StatementSlots)) statements;
    mapping(uint256 => uint256) cycleDays;
    mapping(uint256 => Payment) payments;
    Constitution constitution;
}

/// @dev The ledger's storage begins at slot 0; OpenZeppelin's parts keep theirs in ERC-7201 namespaces.
abstract contract LedgerState {
    Ledger internal ledger;
}

/// @notice Today's program day.
function programDay(int256 dayOffsetSeconds) view returns (uint256) {
    int256 shifted = int256(block.timestamp) + dayOffsetSeconds;
    return shifted < 0 ? 0 : uint256(shifted) / 1 days;
}
