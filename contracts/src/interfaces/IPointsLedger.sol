// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A signed list of operations of one submitter.
/// @param submitter partner * 65536 + slot; slot 0 is the partner's own key, others are its delegates.
/// @param deadline last Unix time, in seconds, at which it may settle.
/// @param gasAllowance most gas the relay gives it; not signed, and no influence on the result other than `out_of_gas`.
/// @param operations framed operations, see docs/protocol.md.
/// @param signature EIP-2098 signature of the EIP-712 `Submission`.
struct Submission {
    uint32 submitter;
    uint48 deadline;
    uint32 gasAllowance;
    bytes operations;
    bytes signature;
}

/// @notice Program terms, fixed at deployment.
/// @param currencyDecimals 0 … 3.
/// @param lotValidityDays how long a lot lives; `lotValidityDays >= returnWindowDays >= latePostingDays`.
/// @param dayOffsetSeconds added to the block time before it is counted in days.
/// @param firstKeyDelaySeconds after which a key set by the attester may spend.
/// @param recoveryDelaySeconds during which a member's old key can refuse a recovery.
/// @param relyingPartyIdHash SHA-256 of the passkeys' relying-party id.
struct ProgramTerms {
    string name;
    string symbol;
    bytes3 currency;
    uint8 currencyDecimals;
    uint24 lotValidityDays;
    uint24 returnWindowDays;
    uint24 latePostingDays;
    int32 dayOffsetSeconds;
    uint32 firstKeyDelaySeconds;
    uint32 recoveryDelaySeconds;
    bytes32 relyingPartyIdHash;
    address operatorKey;
}

struct PartnerTerms {
    uint16 partner;
    uint32 version;
    uint32 issuePriceMicro;
    uint32 redeemPriceMicro;
    uint16 earnRate;
    uint24 effectiveDay;
}

/// @dev `type(uint96).max`, `type(uint32).max` and `type(uint48).max` mean "no limit".
struct RiskLimits {
    uint96 creditLimitMicro;
    uint32 operationPointsMax;
    uint48 memberDayPointsMax;
    uint48 partnerDayPointsMax;
}

struct DelegateTerms {
    address key;
    uint48 validUntil;
    uint32 kindsAllowed;
    uint32 operationPointsMax;
    uint48 dayPointsMax;
}

struct Stage {
    uint32 bonusPoints;
    uint16 partnersRequired;
    uint64 minSpendEach;
    uint64 minSpendTotal;
    uint32 minVisits;
}

struct Funder {
    uint16 partner;
    uint16 shareBps;
}

struct CampaignTerms {
    uint16 campaign;
    string name;
    uint16[] partners;
    uint24 opensDay;
    uint24 closesDay;
    uint64 budgetPoints;
    uint32 priceMicro;
    Stage[] stages;
    Funder[] funders;
}

/// @notice What kind of issuer a lot has.
enum IssuerKind {
    Operator,
    Partner,
    Campaign,
    Refund
}

/// @notice A lot as read by `lotsOf`.
/// @param issuer partner id, campaign id, or 0 for the operator.
struct LotView {
    uint32 index;
    IssuerKind kind;
    uint16 issuer;
    uint8 stage;
    uint24 expiresDay;
    uint32 points;
    uint64 spendKept;
    uint24 terms;
}

struct HoldView {
    uint24 nonce;
    uint16 partner;
    uint32 points;
    uint24 expiresDay;
}

struct DebtView {
    uint24 terms;
    uint64 points;
}

/// @notice A member's account. `available` and `held` as touched today; `posted` is the sum of all lots as stored.
struct AccountView {
    uint64 posted;
    uint64 available;
    uint64 held;
    uint64 debt;
    uint32 lotCount;
    uint32 openLots;
    bool touched;
}

struct MemberView {
    address key;
    uint8 keyKind;
    uint8 keyCount;
    bool locked;
    uint8 freezeReason;
    uint24 nextNonce;
    uint32 nonceWindow;
    uint48 keyActiveFrom;
    uint32 allowancePerDay;
    uint32 allowanceUsedToday;
    address recoveryKey;
    uint48 recoveryDueAt;
}

struct PartnerView {
    string name;
    address key;
    address previousKey;
    uint48 previousKeyUntil;
    uint32 keyVersion;
    bool suspended;
    uint32 version;
    uint24 terms;
    uint32 issuePriceMicro;
    uint32 redeemPriceMicro;
    uint16 earnRate;
    RiskLimits limits;
}

/// @notice Clearing lines since the start, in micro-units. `net = base + bonus - credit - reimbursed`: positive, the partner owes.
struct Position {
    int256 base;
    int256 bonus;
    int256 credit;
    int256 reimbursed;
    int256 net;
}

/// @notice A statement of one clearing cycle. `exact = net + carriedIn`; `payableMinor` is exact in minor units, half to even.
struct Statement {
    bool isIssued;
    uint32 cycle;
    uint24 day;
    int256 base;
    int256 bonus;
    int256 credit;
    int256 reimbursed;
    int256 net;
    int256 carriedIn;
    int256 payableMinor;
    int256 carriedOut;
}

/// @notice Points issued, burned, cancelled and expired since the start; outstanding is what is left.
struct Totals {
    uint64 issued;
    uint64 burned;
    uint64 cancelled;
    uint64 expired;
    uint64 outstanding;
}

struct CampaignView {
    uint24 opensDay;
    uint24 closesDay;
    uint64 budgetPoints;
    uint64 spentPoints;
    uint64 refused;
    uint32 priceMicro;
    bytes32 termsHash;
}

struct ProgressView {
    uint64[] spendByPartner;
    uint32 visits;
    uint16 awardedStages;
}

/// @notice Events of the ledger: the public API of the chain. Every table can be rebuilt from them.
/// @dev `operation` is submitter * 2^32 + sequence; its partner is `operation >> 48`.
interface ILedgerEvents {
    event SubmissionSkipped(uint32 indexed submitter, uint256 indexed position, bytes32 reason);
    event OperationRejected(uint64 indexed operation, bytes32 reason);

    event PurchaseSettled(
        uint64 indexed operation,
        address indexed member,
        uint256 spend,
        uint256 points,
        uint256 lot,
        uint256 expiresDay,
        uint256 terms
    );
    event ReturnSettled(
        uint64 indexed operation, address indexed member, uint256 lot, uint256 spend, uint256 points, uint256 recovered
    );
    event RedemptionSettled(
        uint64 indexed operation, address indexed member, uint256 points, uint256 nonce, uint256 terms
    );
    event RefundSettled(
        uint64 indexed operation,
        address indexed member,
        uint256 points,
        uint256 nonce,
        uint256 lot,
        uint256 expiresDay,
        uint256 terms
    );
    event HoldPlaced(
        uint64 indexed operation, address indexed member, uint256 points, uint256 nonce, uint256 expiresDay
    );
    event HoldCaptured(
        uint64 indexed operation, address indexed member, uint256 points, uint256 nonce, uint256 released, uint256 terms
    );
    event HoldVoided(uint64 indexed operation, address indexed member, uint256 nonce, uint256 released);
    event HoldExpired(address indexed member, uint256 nonce, uint256 released);
    event TransferSettled(
        uint64 indexed operation, address indexed member, address indexed to, uint256 points, uint256 nonce
    );
    /// @dev One for each lot that a transfer made at the receiver.
    event LotReceived(address indexed member, uint256 lot, uint256 points, uint256 expiresDay, uint256 terms);
    event GrantSettled(
        uint64 indexed operation, address indexed member, uint256 points, uint256 lot, uint256 expiresDay, uint256 terms
    );
    event BonusAwarded(
        uint16 indexed campaign,
        address indexed member,
        uint256 stage,
        uint256 points,
        uint256 lot,
        uint256 expiresDay,
        uint256 terms
    );
    event BonusRefused(uint16 indexed campaign, address indexed member, uint256 stage);
    event BonusClawedBack(
        uint16 indexed campaign, address indexed member, uint256 stage, uint256 lot, uint256 points, uint256 recovered
    );
    event PointsExpired(address indexed member, uint256 points, uint256 throughDay);
    event DebtRepaid(address indexed member, uint256 terms, uint256 points, uint256 debtLeft);

    /// @notice Cumulative clearing lines of a partner after the transaction; at most one per partner and transaction.
    event PositionChanged(uint16 indexed partner, int256 base, int256 bonus, int256 credit, int256 reimbursed);
    event CycleClosed(uint32 indexed cycle, uint256 day);
    event StatementIssued(
        uint32 indexed cycle,
        uint16 indexed partner,
        int256 base,
        int256 bonus,
        int256 credit,
        int256 reimbursed,
        int256 carriedIn,
        int256 payableMinor,
        int256 carriedOut
    );
    /// @param operation 0 when the operator recorded it, by a transaction of its own.
    event PaymentRecorded(
        uint32 indexed payment,
        uint16 indexed partner,
        uint64 operation,
        bool fromPartner,
        uint256 amountMinor,
        bytes32 reference_
    );
    /// @param operation 0 when the operator confirmed it, by a transaction of its own.
    event PaymentConfirmed(uint32 indexed payment, uint16 indexed partner, uint64 operation, int256 unpaidMinor);

    event ProgramSet(ProgramTerms terms);
    event PartnerAdmitted(uint16 indexed partner, string name, address key, uint256 refundTerms, uint256 terms);
    event PartnerTermsRecorded(
        uint16 indexed partner,
        uint32 version,
        uint256 terms,
        uint32 issuePriceMicro,
        uint32 redeemPriceMicro,
        uint16 earnRate,
        uint24 effectiveDay
    );
    event PartnerTermsInForce(uint16 indexed partner, uint256 terms);
    event PartnerKeyRotated(uint16 indexed partner, address key, address previousKey, uint48 previousKeyUntil);
    event PartnerSuspended(uint16 indexed partner);
    event PartnerReinstated(uint16 indexed partner);
    event LimitsSet(uint16 indexed partner, RiskLimits limits);
    event DelegateSet(uint32 indexed submitter, DelegateTerms terms, uint32 version);
    event OperatorKeyProposed(address indexed key);
    event OperatorKeyChanged(address indexed key);
    event OperationKindPaused(uint8 indexed kind, bool paused);

    /// @notice The full terms of a campaign.
    event CampaignOpened(uint16 indexed campaign, bytes32 termsHash, uint256 firstTerms, CampaignTerms terms);
    event CampaignPaused(uint16 indexed campaign, uint24 fromDay);
    event CampaignResumed(uint16 indexed campaign, uint24 fromDay);
    event CampaignClosedEarly(uint16 indexed campaign, uint24 lastDay);

    event MemberEnrolled(uint64 indexed operation, address indexed member, address key, uint8 kind, uint48 activeFrom);
    event KeyAdded(uint64 indexed operation, address indexed member, address key, uint8 kind, uint256 nonce);
    event KeyRemoved(uint64 indexed operation, address indexed member, address key, uint256 nonce);
    event MemberLocked(uint64 indexed operation, address indexed member);
    event MemberUnlocked(uint64 indexed operation, address indexed member, uint256 nonce);
    /// @dev A finished recovery sets it to 0, with operation and nonce 0: none of its own was used.
    event AllowanceSet(uint64 indexed operation, address indexed member, uint32 pointsPerDay, uint256 nonce);
    event RecoveryStarted(uint64 indexed operation, address indexed member, address key, uint8 kind, uint48 dueAt);
    event RecoveryRefused(uint64 indexed operation, address indexed member, uint256 nonce);
    event RecoveryFinished(uint64 indexed operation, address indexed member, address key);
    event MemberFrozen(address indexed member, uint8 reasonCode);
    event MemberUnfrozen(address indexed member);
}

/// @title The points ledger
/// @notice Lots, holds, debt, campaigns and clearing of one program. The rules are those of the ledger rules page; amounts are
/// whole points, minor units (spend) and micro-units (prices, positions).
interface IPointsLedger is ILedgerEvents {
    error NotSelf(address caller);
    error InvalidTerms(bytes32 field);
    error InvalidSignature(uint16 payer);
    error UnknownPartner(uint16 partner);
    error UnknownCampaign(uint16 campaign);
    error UnknownPayment(uint32 payment);
    error WrongVersion(uint32 expected, uint32 given);
    error CreditLimitExceeded(uint16 partner, uint256 exposureMicro, uint256 limitMicro);
    error DayNotAhead(uint24 day, uint24 today);
    error TooMany(bytes32 what, uint256 most);
    error NotProposed(address key);

    /// @notice Settles submissions in order. Never reverts for what a submission contains.
    function settle(Submission[] calldata submissions) external;

    /// @notice Brings accounts to today. Anyone may call it; it changes no result.
    function touch(address[] calldata members) external;

    /// @notice Brings one account to `day`, at most today, so that an account with very much to expire can be touched in steps.
    function touchThrough(address member, uint24 day) external;

    event Transfer(address indexed from, address indexed to, uint256 value);

    // ERC-20 read side. Points move only through operations.
    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
    function totalSupply() external view returns (uint256);
    function balanceOf(address member) external view returns (uint256);

    function domainSeparator() external view returns (bytes32);
    function today() external view returns (uint24);
    function isUsed(uint64 operation) external view returns (bool);

    // Served by PointsLedgerExtension through the same address: governance.
    function admitPartner(uint16 partner, string calldata partnerName, address key) external;
    /// @param signatures the partner's, then the operator's.
    function recordTerms(PartnerTerms calldata terms, bytes[] calldata signatures) external;
    function suspendPartner(uint16 partner) external;
    function reinstatePartner(uint16 partner) external;
    /// @param signature the partner's, of `RotateKey`; version is that of the key it replaces, plus one.
    function rotatePartnerKey(uint16 partner, address key, uint48 previousKeyUntil, bytes calldata signature) external;
    /// @notice The operator's way, for a key that is lost or stolen: the old one is void at once.
    function replacePartnerKey(uint16 partner, address key) external;
    function setLimits(uint16 partner, RiskLimits calldata limits) external;
    /// @param signature the partner's, of `Delegate`; key 0 revokes.
    function setDelegate(uint32 submitter, DelegateTerms calldata terms, bytes calldata signature) external;
    /// @notice Registers an attester's submitter slot (>= 1) of the program; the key needs the attester role too.
    function setAttester(uint16 slot, address key, uint48 validUntil) external;
    /// @param signatures one for each funder, in the order of `terms.funders`.
    function openCampaign(CampaignTerms calldata terms, bytes[] calldata signatures) external;
    function pauseCampaign(uint16 campaign, uint24 fromDay) external;
    function resumeCampaign(uint16 campaign, uint24 fromDay) external;
    function closeCampaignEarly(uint16 campaign, uint24 lastDay) external;
    /// @notice Frees the funders' limits from what a campaign can no longer spend.
    function releaseCampaign(uint16 campaign) external;
    function freezeMember(address member, uint8 reasonCode) external;
    function unfreezeMember(address member) external;
    function setOperationPaused(uint8 kind, bool paused) external;
    function proposeOperatorKey(address key) external;
    function acceptOperatorKey() external;
    function closeCycle() external returns (uint32 cycle);
    /// @notice Issues the statements of the closed cycles that these partners have not been given yet. Anyone may call it.
    function issueStatements(uint16[] calldata partners) external;
    function recordPayment(uint16 partner, uint64 amountMinor, bytes32 reference_) external returns (uint32 payment);
    function confirmPayment(uint32 payment) external;

    // Views.
    function availableOf(address member) external view returns (uint256);
    function accountOf(address member) external view returns (AccountView memory);
    function lotsOf(address member) external view returns (LotView[] memory);
    function holdsOf(address member) external view returns (HoldView[] memory);
    function debtsOf(address member) external view returns (DebtView[] memory);
    function memberOf(address member) external view returns (MemberView memory);
    function partnerOf(uint16 partner) external view returns (PartnerView memory);
    function partnerCount() external view returns (uint16);
    function delegateOf(uint32 submitter) external view returns (DelegateTerms memory terms, uint32 version);
    function positionOf(uint16 partner) external view returns (Position memory);
    /// @notice The sum of all partners' nets, for the operator's side.
    function operatorNet() external view returns (int256 netMicro);
    function statementOf(uint32 cycle, uint16 partner) external view returns (Statement memory);
    function unpaidOf(uint16 partner) external view returns (int256 unpaidMinor, int256 exposureMicro);
    function totals() external view returns (Totals memory);
    function campaignOf(uint16 campaign) external view returns (CampaignView memory);
    function progressOf(uint16 campaign, address member) external view returns (ProgressView memory);
    function programTerms() external view returns (ProgramTerms memory);
    function currentCycle() external view returns (uint32);
    function campaignCount() external view returns (uint16);
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory domainName,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
