// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {CampaignTerms, Submission} from "../src/interfaces/IPointsLedger.sol";

/// @notice Gas an operation, in batches of 100 in submissions of 10 unless the name says otherwise. Everything that a transaction
/// costs is in it: 21,000, calldata, cold storage and events.
contract GasTest is LedgerFixture {
    string private constant GROUP = "operations";

    function setUp() public override {
        super.setUp();
        for (uint16 p = 1; p <= 4; ++p) {
            _admit(p, 10_000, 8000, 100);
        }
    }

    /// @dev Operations of ten partners' worth of tills: each batch spreads over partners 1 … 4.
    function _partnerOf(uint256 i) private pure returns (uint16) {
        return uint16(i / 10 % 4) + 1;
    }

    function _enrolAll(uint256 count) private {
        bytes memory operations;
        for (uint256 i = 0; i < count; ++i) {
            operations = bytes.concat(operations, _enrolment(i));
            if (i % 100 == 99) {
                _settle(ATTESTER, operations);
                operations = "";
            }
        }
        if (operations.length > 0) _settle(ATTESTER, operations);
    }

    function _measure(string memory name, uint256 count, Submission[] memory batch) private {
        vm.cool(address(ledger));
        uint256 calldataGas = _calldataGas(abi.encodeCall(ledger.settle, (batch)));
        uint256 before = gasleft();
        ledger.settle(batch);
        uint256 used = before - gasleft() + 21_000 + calldataGas;
        vm.snapshotValue(GROUP, name, used / count);
    }

    function _calldataGas(bytes memory data) private pure returns (uint256 gasUsed) {
        for (uint256 i = 0; i < data.length; ++i) {
            gasUsed += data[i] == 0 ? 4 : 16;
        }
    }

    /// @dev kind 0: purchase, 1: redeem of `points`, 2: return of lot `lot`, 3: purchase again.
    function _batch(uint256 count, uint256 perSubmission, function(uint256) returns (bytes memory) operation)
        private
        returns (Submission[] memory batch)
    {
        batch = new Submission[](count / perSubmission);
        for (uint256 s = 0; s < batch.length; ++s) {
            bytes memory operations;
            for (uint256 i = 0; i < perSubmission; ++i) {
                operations = bytes.concat(operations, operation(s * perSubmission + i));
            }
            batch[s] = _submission(_submitter(_partnerOf(s * perSubmission)), operations);
        }
    }

    function _aPurchase(uint256 i) private returns (bytes memory) {
        return _purchase(_partnerOf(i), i, 12_345);
    }

    function _aRedemption(uint256 i) private returns (bytes memory) {
        return _redeem(_partnerOf(i), i, 100);
    }

    function _aRedemptionOf20(uint256 i) private returns (bytes memory) {
        return _redeem(_partnerOf(i), i, 12_345 * 19 + 100);
    }

    function _aHold(uint256 i) private returns (bytes memory) {
        return _hold(_partnerOf(i), i, 100, ledger.today() + 5);
    }

    function _aCapture(uint256 i) private returns (bytes memory) {
        return _capture(_partnerOf(i), i, lastNonce[_member(i)], holdSequence[i], 80);
    }

    function _aReturn(uint256 i) private returns (bytes memory) {
        return _return(_partnerOf(i), i, returnedLot, purchaseSequence[i], 12_345);
    }

    mapping(uint256 => uint32) private holdSequence;
    mapping(uint256 => uint32) private purchaseSequence;
    uint24 private returnedLot;

    function test_Purchases() public {
        _measure("purchase, new member", 100, _batch(100, 10, _aPurchase));
        _measure("purchase, known member, odd lot", 100, _batch(100, 10, _aPurchase));
        _measure("purchase, known member, even lot", 100, _batch(100, 10, _aPurchase));
    }

    function test_BatchSizes() public {
        ledger.settle(_batch(400, 100, _aPurchase));
        _measure("purchase, known member, batch of 1", 1, _batch(1, 1, _aPurchase));
        _measure("purchase, known member, batch of 10", 10, _batch(10, 10, _aPurchase));
        _measure("purchase, known member, batch of 400, submissions of 100", 400, _batch(400, 100, _aPurchase));
        _measure("purchase, known member, batch of 400, submissions of 1", 400, _batch(400, 1, _aPurchase));
        uint256 before = lastSequence[_submitter(1)];
        Submission[] memory again = _batch(100, 10, _aPurchase);
        ledger.settle(again);
        _measure("replay", 100, again);
        before;
    }

    function test_Redemptions() public {
        _enrolAll(100);
        for (uint256 i = 0; i < 22; ++i) {
            ledger.settle(_batch(100, 10, _aPurchase));
        }
        _measure("redeem, 1 lot, first of two records", 100, _batch(100, 10, _aRedemption));
        _measure("redeem, 1 lot, second of two records", 100, _batch(100, 10, _aRedemption));
        _measure("redeem, 20 lots, second of two records", 100, _batch(100, 10, _aRedemptionOf20));
    }

    function test_Returns() public {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 m = 0; m < 100; ++m) {
                if (i == 1) purchaseSequence[m] = 0;
            }
            Submission[] memory batch = _batch(100, 10, i == 1 ? _aRememberedPurchase : _aPurchase);
            ledger.settle(batch);
        }
        returnedLot = 1;
        _measure("return, whole", 100, _batch(100, 10, _aReturn));
    }

    function _aRememberedPurchase(uint256 i) private returns (bytes memory operation) {
        operation = _aPurchase(i);
        purchaseSequence[i] = lastSequence[_submitter(_partnerOf(i))];
    }

    function _aRememberedHold(uint256 i) private returns (bytes memory operation) {
        operation = _aHold(i);
        holdSequence[i] = lastSequence[_submitter(_partnerOf(i))];
    }

    function test_Holds() public {
        _enrolAll(100);
        ledger.settle(_batch(100, 10, _aPurchase));
        ledger.settle(_batch(100, 10, _aPurchase));
        _measure("hold", 100, _batch(100, 10, _aRememberedHold));
        _measure("capture", 100, _batch(100, 10, _aCapture));
    }

    function test_Campaigns() public {
        CampaignTerms memory terms = _campaign(3, 1001, 1_000_000_000);
        _open(terms);
        _nextDay();
        ledger.settle(_batch(100, 10, _tour));
        ledger.settle(_batch(100, 10, _tour));
        tourStep = 1;
        _measure("purchase, known member, in a campaign", 100, _batch(100, 10, _tour));
        ledger.settle(_batch(100, 10, _rememberedTour));
        tourStep = 2;
        _measure("purchase, completing a campaign of 3 funders", 100, _batch(100, 10, _tour));
    }

    uint256 private tourStep;

    /// @dev Each step at the next of partners 1 … 3: the submitter has to match, so members move instead of partners.
    function _tour(uint256 i) private returns (bytes memory) {
        uint16 partner = _partnerOf(i);
        return _purchase(partner, (i + 30 * (3 - tourStep)) % 120, 12_345);
    }

    function _rememberedTour(uint256 i) private returns (bytes memory) {
        return _tour(i);
    }
}
