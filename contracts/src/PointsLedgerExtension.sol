// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {
    CampaignTerms,
    DelegateTerms,
    ILedgerEvents,
    IPointsLedger,
    PartnerTerms,
    ProgramTerms,
    RiskLimits
} from "./interfaces/IPointsLedger.sol";
import {LedgerViews} from "./LedgerViews.sol";
import {OPERATOR_TERMS, VALIDITY_DAYS_MAX} from "./libraries/Bounds.sol";
import {CampaignBook} from "./libraries/CampaignBook.sol";
import {DOMAIN_NAME, DOMAIN_VERSION} from "./libraries/Domain.sol";
import {Constitution, Partner, Program, programDay} from "./libraries/LedgerStorage.sol";
import {MemberKeys} from "./libraries/MemberKeys.sol";
import {PartnerBook} from "./libraries/PartnerBook.sol";
import {Payments} from "./libraries/Payments.sol";
import {Positions} from "./libraries/Positions.sol";
import {Recoveries} from "./libraries/Recoveries.sol";
import {Terms} from "./libraries/Terms.sol";

/// @title Everything of the points ledger but settling submissions
/// @notice Governance, clearing, touching and views. Entered by delegatecall from `PointsLedger`, on its storage.
contract PointsLedgerExtension is LedgerViews, ILedgerEvents, AccessManagedUpgradeable {
    constructor() {
        _disableInitializers();
    }

    /// @notice Sets the program up, once, within the ledger's `initialize`.
    function setProgram(ProgramTerms calldata terms) external onlyInitializing {
        if (terms.currencyDecimals > 3) revert IPointsLedger.InvalidTerms("currencyDecimals");
        if (terms.lotValidityDays > VALIDITY_DAYS_MAX || terms.lotValidityDays < terms.returnWindowDays) {
            revert IPointsLedger.InvalidTerms("lotValidityDays");
        }
        if (terms.returnWindowDays < terms.latePostingDays) revert IPointsLedger.InvalidTerms("returnWindowDays");
        if (terms.operatorKey == address(0)) revert IPointsLedger.InvalidTerms("operatorKey");
        Program storage program = ledger.program;
        program.currencyDecimals = terms.currencyDecimals;
        program.lotValidityDays = terms.lotValidityDays;
        program.returnWindowDays = terms.returnWindowDays;
        program.latePostingDays = terms.latePostingDays;
        program.dayOffsetSeconds = terms.dayOffsetSeconds;
        program.cycle = 1;
        program.termsCount = uint24(OPERATOR_TERMS);
        Constitution storage constitution = ledger.constitution;
        constitution.name = terms.name;
        constitution.symbol = terms.symbol;
        constitution.currency = terms.currency;
        constitution.firstKeyDelaySeconds = terms.firstKeyDelaySeconds;
        constitution.recoveryDelaySeconds = terms.recoveryDelaySeconds;
        constitution.relyingPartyIdHash = terms.relyingPartyIdHash;
        // Partner 0 is the program itself: its key signs the operator's grants and co-signs terms.
        Partner storage operator = ledger.partners[0];
        operator.key = terms.operatorKey;
        operator.terms = uint24(OPERATOR_TERMS);
        // Kind operator, no prices: the zero word.
        ledger.terms[OPERATOR_TERMS] = Terms.wrap(0);
        emit ProgramSet(terms);
    }

    function admitPartner(uint16 partner, string calldata partnerName, address key) external restricted {
        PartnerBook.admit(ledger, partner, partnerName, key);
    }

    function recordTerms(PartnerTerms calldata terms, bytes[] calldata signatures) external {
        PartnerBook.recordTerms(ledger, terms, signatures);
    }

    function suspendPartner(uint16 partner) external restricted {
        PartnerBook.setSuspended(ledger, partner, true);
    }

    function reinstatePartner(uint16 partner) external restricted {
        PartnerBook.setSuspended(ledger, partner, false);
    }

    function rotatePartnerKey(uint16 partner, address key, uint48 previousKeyUntil, bytes calldata signature) external {
        PartnerBook.rotateKey(ledger, partner, key, previousKeyUntil, signature);
    }

    function replacePartnerKey(uint16 partner, address key) external restricted {
        PartnerBook.replaceKey(ledger, partner, key);
    }

    function setLimits(uint16 partner, RiskLimits calldata limits) external restricted {
        PartnerBook.setLimits(ledger, partner, limits);
    }

    function setDelegate(uint32 submitter, DelegateTerms calldata terms, bytes calldata signature) external {
        PartnerBook.setDelegate(ledger, submitter, terms, signature);
    }

    function setAttester(uint16 slot, address key, uint48 validUntil) external restricted {
        PartnerBook.setAttester(ledger, slot, key, validUntil);
    }

    function openCampaign(CampaignTerms calldata terms, bytes[] calldata signatures) external {
        CampaignBook.open(ledger, terms, signatures);
        Positions.emitChanged(ledger);
    }

    function pauseCampaign(uint16 campaign, uint24 fromDay) external restricted {
        CampaignBook.pause(ledger, campaign, fromDay);
    }

    function resumeCampaign(uint16 campaign, uint24 fromDay) external restricted {
        CampaignBook.resume(ledger, campaign, fromDay);
    }

    function closeCampaignEarly(uint16 campaign, uint24 lastDay) external restricted {
        CampaignBook.closeEarly(ledger, campaign, lastDay);
    }

    function releaseCampaign(uint16 campaign) external {
        CampaignBook.release(ledger, campaign);
    }

    function freezeMember(address member, uint8 reasonCode) external restricted {
        if (reasonCode == 0) revert IPointsLedger.InvalidTerms("reasonCode");
        MemberKeys.setFreeze(ledger, member, reasonCode);
    }

    function unfreezeMember(address member) external restricted {
        MemberKeys.setFreeze(ledger, member, 0);
    }

    function setOperationPaused(uint8 kind, bool paused) external restricted {
        if (kind >= 64) revert IPointsLedger.InvalidTerms("kind");
        uint64 bit = uint64(1) << kind;
        uint64 kinds = ledger.program.pausedKinds;
        ledger.program.pausedKinds = paused ? kinds | bit : kinds & ~bit;
        emit OperationKindPaused(kind, paused);
    }

    function proposeOperatorKey(address key) external restricted {
        ledger.constitution.proposedOperatorKey = key;
        emit OperatorKeyProposed(key);
    }

    function acceptOperatorKey() external {
        if (msg.sender != ledger.constitution.proposedOperatorKey) revert IPointsLedger.NotProposed(msg.sender);
        delete ledger.constitution.proposedOperatorKey;
        ledger.partners[0].key = msg.sender;
        emit OperatorKeyChanged(msg.sender);
    }

    function closeCycle() external restricted returns (uint32 cycle) {
        return PartnerBook.closeCycle(ledger);
    }

    function issueStatements(uint16[] calldata partners) external {
        PartnerBook.issueStatements(ledger, partners);
    }

    function recordPayment(uint16 partner, uint64 amountMinor, bytes32 reference_)
        external
        restricted
        returns (uint32 payment)
    {
        PartnerBook.known(ledger, partner);
        if (amountMinor == 0) revert IPointsLedger.InvalidTerms("amountMinor");
        return Payments.record(ledger, 0, partner, amountMinor, reference_);
    }

    function confirmPayment(uint32 payment) external restricted {
        if (!Payments.confirm(ledger, 0, payment)) revert IPointsLedger.UnknownPayment(payment);
    }

    function touch(address[] calldata members) external {
        uint256 day = programDay(ledger.program.dayOffsetSeconds);
        for (uint256 i = 0; i < members.length; ++i) {
            Recoveries.touch(ledger, members[i], day);
        }
        Positions.emitChanged(ledger);
    }

    function touchThrough(address member, uint24 day) external {
        uint256 current = programDay(ledger.program.dayOffsetSeconds);
        if (day > current) revert IPointsLedger.InvalidTerms("day");
        Recoveries.touch(ledger, member, day);
        Positions.emitChanged(ledger);
    }

    /// @notice EIP-5267.
    function eip712Domain()
        external
        view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory)
    {
        return (hex"0f", DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(this), 0, new uint256[](0));
    }

    /// @notice EIP-165. `IERC20` is its read side: points move only through operations.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC5267).interfaceId
            || interfaceId == type(IERC20Metadata).interfaceId;
    }
}
