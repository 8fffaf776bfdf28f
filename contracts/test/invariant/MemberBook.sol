// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ClearingBook} from "./ClearingBook.sol";
import {Vm} from "../Test.sol";
import {IPointsLedger} from "../../src/interfaces/IPointsLedger.sol";

/// @notice What became of every member's points, folded from the ledger's events.
abstract contract MemberBook is ClearingBook {
    struct Flow {
        uint256 issued;
        uint256 refunded;
        uint256 received;
        uint256 burned;
        uint256 cancelled;
        uint256 expired;
        uint256 sent;
        /// @dev Of ERC-20's Transfer events alone.
        uint256 erc20In;
        uint256 erc20Out;
    }

    /// @dev What the last transaction told.
    struct Told {
        bytes32 reason;
        uint256 logs;
        uint256 bonusPoints;
        uint256 clawedBackPoints;
        uint256 expiredPoints;
        uint256 lotReceivedPoints;
        uint256 lapsedReceivedPoints;
        uint256 lot;
    }

    mapping(address member => Flow) internal flows;
    mapping(address member => mapping(uint256 nonce => uint256)) internal heldPoints;
    mapping(address member => uint256) internal heldSum;
    Flow internal allFlows;
    Told internal told;

    /// @dev Folds what was recorded since the last time.
    function _foldRecorded() internal {
        delete told;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(ledger)) _fold(logs[i]);
        }
    }

    function _fold(Vm.Log memory entry) internal virtual override {
        super._fold(entry);
        bytes32 topic = entry.topics[0];
        if (topic != PartnerTermsInForce.selector) ++told.logs;
        if (topic == IPointsLedger.Transfer.selector) {
            _foldErc20(entry);
        } else if (topic == PurchaseSettled.selector) {
            _foldIssue(entry, _word(entry, 1), _word(entry, 2));
        } else if (topic == GrantSettled.selector) {
            _foldIssue(entry, _word(entry, 0), _word(entry, 1));
        } else if (topic == BonusAwarded.selector) {
            _foldBonus(entry);
        } else if (topic == RefundSettled.selector) {
            _foldRefunded(entry);
        } else if (topic == ReturnSettled.selector) {
            _foldCancelled(_memberOf(entry), _word(entry, 3));
        } else if (topic == BonusClawedBack.selector) {
            _foldClawedBack(entry);
        } else if (topic == DebtRepaid.selector) {
            _foldCancelled(_subjectOf(entry), _word(entry, 1));
        } else if (topic == PointsExpired.selector) {
            _foldExpired(entry);
        } else if (topic == RedemptionSettled.selector) {
            _foldBurned(entry, _word(entry, 0));
        } else if (topic == TransferSettled.selector) {
            _foldTransfer(entry);
        } else if (topic == LotReceived.selector) {
            _foldLot(entry);
        } else if (topic == OperationRejected.selector || topic == SubmissionSkipped.selector) {
            told.reason = bytes32(_word(entry, 0));
        } else {
            _foldHold(topic, entry);
        }
    }

    function _word(Vm.Log memory entry, uint256 index) private pure returns (uint256 word) {
        bytes memory data = entry.data;
        assembly ("memory-safe") {
            word := mload(add(data, add(32, mul(index, 32))))
        }
    }

    /// @dev Of events about a member alone.
    function _subjectOf(Vm.Log memory entry) private pure returns (address) {
        return address(uint160(uint256(entry.topics[1])));
    }

    function _foldErc20(Vm.Log memory entry) private {
        flows[_subjectOf(entry)].erc20Out += _word(entry, 0);
        flows[_memberOf(entry)].erc20In += _word(entry, 0);
    }

    function _foldIssue(Vm.Log memory entry, uint256 points, uint256 lot) private {
        flows[_memberOf(entry)].issued += points;
        allFlows.issued += points;
        told.lot = lot;
    }

    function _foldBonus(Vm.Log memory entry) private {
        flows[_memberOf(entry)].issued += _word(entry, 1);
        allFlows.issued += _word(entry, 1);
        told.bonusPoints += _word(entry, 1);
    }

    function _foldRefunded(Vm.Log memory entry) private {
        flows[_memberOf(entry)].refunded += _word(entry, 0);
        allFlows.refunded += _word(entry, 0);
    }

    function _foldCancelled(address member, uint256 points) private {
        flows[member].cancelled += points;
        allFlows.cancelled += points;
    }

    function _foldClawedBack(Vm.Log memory entry) private {
        told.clawedBackPoints += _word(entry, 2);
        _foldCancelled(_memberOf(entry), _word(entry, 3));
    }

    function _foldExpired(Vm.Log memory entry) private {
        told.expiredPoints += _word(entry, 0);
        flows[_subjectOf(entry)].expired += _word(entry, 0);
        allFlows.expired += _word(entry, 0);
    }

    function _foldBurned(Vm.Log memory entry, uint256 points) private {
        flows[_memberOf(entry)].burned += points;
        allFlows.burned += points;
    }

    function _foldTransfer(Vm.Log memory entry) private {
        flows[_memberOf(entry)].sent += _word(entry, 0);
        flows[address(uint160(uint256(entry.topics[3])))].received += _word(entry, 0);
    }

    function _foldLot(Vm.Log memory entry) private {
        told.lotReceivedPoints += _word(entry, 1);
        if (_word(entry, 2) < ledger.today()) told.lapsedReceivedPoints += _word(entry, 1);
    }

    // ---------------------------------------------------------------- holds

    function _foldHold(bytes32 topic, Vm.Log memory entry) private {
        if (topic == HoldPlaced.selector) {
            heldPoints[_memberOf(entry)][_word(entry, 1)] = _word(entry, 0);
            heldSum[_memberOf(entry)] += _word(entry, 0);
        } else if (topic == HoldCaptured.selector) {
            _foldBurned(entry, _word(entry, 0));
            _free(_memberOf(entry), _word(entry, 1), _word(entry, 0) + _word(entry, 2));
        } else if (topic == HoldVoided.selector) {
            _free(_memberOf(entry), _word(entry, 0), _word(entry, 1));
        } else if (topic == HoldExpired.selector) {
            _free(_subjectOf(entry), _word(entry, 0), _word(entry, 1));
        }
    }

    /// @dev A hold ends once, and what was captured and what was released is what was held.
    function _free(address member, uint256 nonce, uint256 points) private {
        vm.assertEq(heldPoints[member][nonce], points, "captured + released = held, once");
        delete heldPoints[member][nonce];
        heldSum[member] -= points;
    }
}
