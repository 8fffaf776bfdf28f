// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {IPointsLedger, ProgramTerms, Submission} from "./interfaces/IPointsLedger.sol";
import {Issuing} from "./Issuing.sol";
import {PointsLedgerExtension} from "./PointsLedgerExtension.sol";
import {Accounts} from "./libraries/Accounts.sol";
import {Authorisations} from "./libraries/Authorisations.sol";
import {bytesAt, uintAt} from "./libraries/Body.sol";
import {OPERATIONS_BYTES_MAX, OPERATIONS_MAX} from "./libraries/Bounds.sol";
import {signerOf, typedDigest} from "./libraries/Domain.sol";
import {CampaignRules} from "./libraries/CampaignRules.sol";
import {Delegate, Partner, Program, programDay} from "./libraries/LedgerStorage.sol";
import {MemberKeys} from "./libraries/MemberKeys.sol";
import {PartnerBook} from "./libraries/PartnerBook.sol";
import {Payments} from "./libraries/Payments.sol";
import {Positions} from "./libraries/Positions.sol";
import {Reversals} from "./libraries/Reversals.sol";
import {Spending} from "./libraries/Spending.sol";
import {Standing} from "./libraries/Standing.sol";

/// @title The points ledger's core
/// @notice Settles signed submissions. All other calls of `IPointsLedger` are served by `PointsLedgerExtension` on the same storage.
/// @dev Upgradeable (UUPS); roles are those of the AccessManager that is the authority.
contract PointsLedger is Issuing, AccessManagedUpgradeable, UUPSUpgradeable {
    bytes32 private constant SUBMISSION_TYPEHASH =
        keccak256("Submission(uint32 submitter,uint48 deadline,bytes operations)");

    uint256 private constant PURCHASE = 0x01;
    uint256 private constant RETURN = 0x02;
    uint256 private constant REDEEM = 0x03;
    uint256 private constant REFUND = 0x04;
    uint256 private constant HOLD = 0x05;
    uint256 private constant CAPTURE = 0x06;
    uint256 private constant VOID = 0x07;
    uint256 private constant TRANSFER = 0x08;
    uint256 private constant GRANT = 0x09;
    uint256 private constant RECORD_PAYMENT = 0x20;
    uint256 private constant CONFIRM_PAYMENT = 0x21;

    uint256 private constant PARTNER_KINDS = (1 << PURCHASE) | (1 << RETURN) | (1 << REDEEM) | (1 << REFUND)
        | (1 << HOLD) | (1 << CAPTURE) | (1 << VOID) | (1 << GRANT) | (1 << RECORD_PAYMENT) | (1 << CONFIRM_PAYMENT);
    uint256 private constant ATTESTER_KINDS = (1 << TRANSFER) | (0x1ff << MemberKeys.ENROL);

    /// @dev Gas that must be left beyond a submission's allowance to note that it was skipped and to end the batch.
    uint256 private constant GAS_RESERVE = 60_000;

    address private immutable EXTENSION;

    constructor(address extension) {
        EXTENSION = extension;
        _disableInitializers();
    }

    /// @param authority the AccessManager.
    function initialize(address authority, ProgramTerms calldata terms) external initializer {
        __AccessManaged_init(authority);
        _callExtension(abi.encodeCall(PointsLedgerExtension.setProgram, (terms)));
    }

    /// @notice See `IPointsLedger.settle`.
    function settle(Submission[] calldata submissions) external {
        for (uint256 i = 0; i < submissions.length; ++i) {
            bytes32 reason = _settleIsolated(submissions[i]);
            if (reason != 0) emit SubmissionSkipped(submissions[i].submitter, i, reason);
        }
        Positions.emitChanged(ledger);
    }

    /// @dev A call of its own, so that nothing in a submission can revert or starve another.
    function _settleIsolated(Submission calldata submission) private returns (bytes32) {
        uint256 allowance = submission.gasAllowance;
        if (gasleft() < allowance + allowance / 63 + GAS_RESERVE) return "out_of_gas";
        try this.settleOne{gas: allowance}(submission) returns (bytes32 reason) {
            return reason;
        } catch (bytes memory failure) {
            return failure.length == 0 ? bytes32("out_of_gas") : bytes32("execution_failed");
        }
    }

    /// @notice Settles one submission. Only the ledger itself may call it.
    /// @return reason why it was skipped, or 0.
    function settleOne(Submission calldata submission) external returns (bytes32 reason) {
        if (msg.sender != address(this)) revert IPointsLedger.NotSelf(msg.sender);
        if (!_isFramed(submission.operations)) return "malformed_submission";
        if (block.timestamp > submission.deadline) return "deadline_passed";
        Context memory context;
        reason = _admit(context, submission);
        if (reason != 0) return reason;
        _settleOperations(context, submission.operations);
    }

    function _isFramed(bytes calldata operations) private pure returns (bool) {
        uint256 end = operations.length;
        uint256 offset = 0;
        uint256 count = 0;
        // Offsets grow by 7 to 65,537 a step, and so pass an end of at most 65,535. A last byte alone reads beyond the end, and ends there.
        unchecked {
            // Of no bytes, one less is more than any bound.
            if (end - 1 >= OPERATIONS_BYTES_MAX) return false;
            for (; offset < end; ++count) {
                uint256 length = uintAt(operations, offset, 2);
                if (length < 5) return false;
                offset += 2 + length;
            }
        }
        return offset == end && count <= OPERATIONS_MAX;
    }

    /// @dev Checks who submits, and fills the context.
    function _admit(Context memory context, Submission calldata submission) private returns (bytes32 reason) {
        uint256 submitter = submission.submitter;
        Partner storage partner = ledger.partners[submitter >> 16];
        if (partner.key == address(0)) return "unknown_submitter";
        address signer = signerOf(
            typedDigest(
                keccak256(
                    abi.encode(SUBMISSION_TYPEHASH, submitter, submission.deadline, keccak256(submission.operations))
                )
            ),
            submission.signature
        );
        uint256 kinds;
        (kinds, reason) =
            submitter & 0xffff == 0 ? _kindsOfPartner(partner, submitter, signer) : _kindsOfDelegate(submitter, signer);
        if (reason != 0) return reason;
        if (partner.hasPendingTerms && programDay(ledger.program.dayOffsetSeconds) >= partner.pendingTermsDay) {
            PartnerBook.bringInForce(partner, submitter >> 16);
        }
        context.kindsAllowed = kinds;
        _fill(context, partner, submitter);
    }

    function _kindsOfPartner(Partner storage partner, uint256 submitter, address signer)
        private
        view
        returns (uint256 kinds, bytes32 reason)
    {
        bool isSigned = signer == partner.key
            || (signer != address(0) && signer == partner.previousKey && block.timestamp <= partner.previousKeyUntil);
        if (!isSigned) return (0, "bad_signature");
        return (submitter == 0 ? 1 << GRANT : PARTNER_KINDS, 0);
    }

    function _kindsOfDelegate(uint256 submitter, address signer) private view returns (uint256 kinds, bytes32 reason) {
        Delegate storage delegate = ledger.delegates[submitter];
        if (delegate.terms.key == address(0)) return (0, "unknown_submitter");
        if (block.timestamp > delegate.terms.validUntil) return (0, "submitter_expired");
        if (signer != delegate.terms.key) return (0, "bad_signature");
        if (submitter >> 16 != 0) return (uint256(delegate.terms.kindsAllowed) & PARTNER_KINDS, 0);
        // An attester whose role was revoked is one no longer, at once.
        return Authorisations.isAttester(signer) ? (ATTESTER_KINDS, bytes32(0)) : (0, bytes32("submitter_expired"));
    }

    function _fill(Context memory context, Partner storage partner, uint256 submitter) private view {
        Program storage program = ledger.program;
        context.submitter = submitter;
        context.kindsOpen = context.kindsAllowed & ~uint256(program.pausedKinds);
        context.lotValidityDays = program.lotValidityDays;
        context.latePostingDays = program.latePostingDays;
        context.terms = ledger.terms[partner.terms];
        context.standing.today = programDay(program.dayOffsetSeconds);
        context.standing.termsId = partner.terms;
        context.standing.isSuspended = partner.isSuspended;
        context.standing.hasLimits = partner.hasLimits || submitter & 0xffff != 0;
        (context.campaignsFirstDay, context.campaignsLastDay) = CampaignRules.spanOf(partner);
        context.usedIndex = type(uint256).max;
    }

    /// @dev `_isFramed` has walked the same way: nothing here is out of bounds.
    function _settleOperations(Context memory context, bytes calldata operations) private {
        uint256 end = operations.length;
        uint256 offset = 0;
        uint256 freeMemory = _freeMemory();
        while (offset < end) {
            // Length 2, kind 1, sequence 4.
            uint256 header = uintAt(operations, offset, 7);
            bytes calldata body;
            unchecked {
                body = bytesAt(operations, offset + 7, (header >> 40) - 5);
                offset += 2 + (header >> 40);
            }
            if (!_use(context, header & 0xffffffff)) continue;
            uint256 operation = (context.submitter << 32) | (header & 0xffffffff);
            bytes32 reason = _apply(context, (header >> 32) & 0xff, operation, body);
            // An operation leaves nothing in memory that the next one reads: without this, memory gas would grow with the square.
            _restoreMemory(freeMemory);
            if (reason != 0) emit OperationRejected(uint64(operation), reason);
        }
        ledger.usedOperations[context.submitter][context.usedIndex] = context.usedWord;
        _count(context);
    }

    function _freeMemory() private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    function _restoreMemory(uint256 pointer) private pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }

    /// @dev Uses up an operation id.
    /// @return isNew false when it was used before: then nothing more happens.
    function _use(Context memory context, uint256 sequence) private returns (bool isNew) {
        if (sequence >> 8 != context.usedIndex) _turnTo(context, sequence >> 8);
        uint256 bit = 1 << (sequence & 0xff);
        uint256 word = context.usedWord;
        isNew = word & bit == 0;
        context.usedWord = word | bit;
    }

    /// @dev Stores the word of used-up ids that was worked on, and reads another.
    function _turnTo(Context memory context, uint256 index) private {
        mapping(uint256 => uint256) storage used = ledger.usedOperations[context.submitter];
        if (context.usedIndex != type(uint256).max) used[context.usedIndex] = context.usedWord;
        context.usedWord = used[index];
        context.usedIndex = index;
    }

    function _apply(Context memory context, uint256 kind, uint256 operation, bytes calldata body)
        private
        returns (bytes32)
    {
        if (context.kindsOpen & (1 << kind) == 0) return _whyNotOpen(context, kind);
        if (kind == PURCHASE) return _purchase(context, operation, body);
        Standing memory standing = context.standing;
        if (kind == REDEEM) {
            return _burned(context, Spending.redeem(ledger, operation, body, standing), uintAt(body, 20, 4));
        }
        if (kind == RETURN) return _return(context, operation, body);
        if (kind == REFUND) {
            // What this submission burned is refunded from the totals: it has to be in them.
            _count(context);
            return Reversals.refund(ledger, operation, body, standing.today);
        }
        if (kind == HOLD) return Spending.hold(ledger, operation, body, standing);
        if (kind == CAPTURE) {
            return _burned(context, Spending.capture(ledger, operation, body, standing), uintAt(body, 25, 4));
        }
        if (kind == VOID) return Spending.void(ledger, operation, body, standing.today);
        if (kind == TRANSFER) return Spending.transfer(ledger, operation, body, standing.today);
        if (kind == GRANT) return _grant(context, operation, body);
        if (kind == RECORD_PAYMENT) return _recordPayment(uint64(operation), body);
        if (kind == CONFIRM_PAYMENT) return _confirmPayment(uint64(operation), body);
        return MemberKeys.apply_(ledger, kind, uint64(operation), body, standing.today);
    }

    function _whyNotOpen(Context memory context, uint256 kind) private pure returns (bytes32) {
        // A kind that no one may use is one that does not exist.
        if ((PARTNER_KINDS | ATTESTER_KINDS) & (1 << kind) == 0) return "malformed_operation";
        return context.kindsAllowed & (1 << kind) == 0 ? bytes32("not_permitted") : bytes32("operation_paused");
    }

    /// @dev Notes what a redemption or capture burned, unless it was rejected.
    function _burned(Context memory context, bytes32 reason, uint256 points) private returns (bytes32) {
        if (reason != 0) return reason;
        // Sums of at most 256 operations, 32 bits and 62 bits each.
        unchecked {
            context.burnedPoints += points;
            context.reimbursedMicro += points * context.terms.redeemPrice();
        }
        // The next operation may be checked against the credit limit.
        if (context.standing.hasLimits) _count(context);
        return 0;
    }

    function _return(Context memory context, uint256 operation, bytes calldata body) private returns (bytes32) {
        (bytes32 reason, uint256 cancelled, uint256 creditMicro) = Reversals.returnPurchase(
            ledger, operation, body, context.standing.today, context.campaignsFirstDay, context.campaignsLastDay
        );
        // Sums of at most 256 operations, 32 bits and 62 bits each.
        unchecked {
            context.cancelledPoints += cancelled;
            context.creditMicro += creditMicro;
        }
        // As above.
        if (context.standing.hasLimits) _count(context);
        return reason;
    }

    /// @dev Body: amount 8, reference 32.
    function _recordPayment(uint64 operation, bytes calldata body) private returns (bytes32) {
        if (body.length != 40) return "malformed_operation";
        uint64 amountMinor = uint64(uintAt(body, 0, 8));
        if (amountMinor == 0) return "invalid_amount";
        Payments.record(ledger, operation, operation >> 48, amountMinor, bytes32(uintAt(body, 8, 32)));
        return 0;
    }

    /// @dev Body: payment 4.
    function _confirmPayment(uint64 operation, bytes calldata body) private returns (bytes32) {
        if (body.length != 4) return "malformed_operation";
        bool isKnown = Payments.confirm(ledger, operation, uintAt(body, 0, 4));
        return isKnown ? bytes32(0) : bytes32("unknown_payment");
    }

    /// @notice Posted points of all members.
    function totalSupply() external view returns (uint256) {
        return uint256(ledger.totals.issued) - ledger.totals.burned - ledger.totals.cancelled - ledger.totals.expired;
    }

    /// @notice Posted points of a member. `availableOf` answers as touched today.
    function balanceOf(address member) external view returns (uint256) {
        return Accounts.load(ledger, member).balance;
    }

    fallback() external {
        bytes memory answer = _callExtension(msg.data);
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }

    function _callExtension(bytes memory data) private returns (bytes memory) {
        (bool success, bytes memory answer) = EXTENSION.delegatecall(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
