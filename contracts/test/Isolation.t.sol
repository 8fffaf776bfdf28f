// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {Submission} from "../src/interfaces/IPointsLedger.sol";

/// @notice What one submission contains cannot revert, starve or change another's in the same batch; and what dear accounts cost.
contract IsolationTest is LedgerFixture {
    /// @dev Gas of a batch: what a relay may fill of a transaction (EIP-7825 caps it at 16.78 M).
    uint256 private constant BATCH_GAS = 14_000_000;
    uint256 private constant LOTS = 1000;
    uint32 private constant AMPLE_GAS = 100_000_000;

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _enrol(1);
        _enrol(2);
    }

    /// @dev Settles alone, and answers what it cost without the transaction itself.
    function _gasOf(uint32 submitter, bytes memory operations) private returns (uint256 gas_) {
        Submission[] memory batch = new Submission[](1);
        batch[0] = _submission(submitter, operations);
        batch[0].gasAllowance = AMPLE_GAS;
        vm.recordLogs();
        vm.cool(address(ledger));
        gas_ = gasleft();
        ledger.settle(batch);
        gas_ -= gasleft();
        vm.assertEq(_reasons().length, 0, "applied");
    }

    function _tell(string memory what, uint256 gas_) private view {
        say(string.concat("gas of ", what, ": ", vm.toString(gas_)));
    }

    /// @dev Member 1 gets lots of 10 points, 250 to a submission.
    function _fill(uint256 lots) private {
        for (uint256 done = 0; done < lots;) {
            bytes memory operations;
            for (uint256 i = 0; i < 250 && done < lots; ++i) {
                operations = bytes.concat(operations, _purchase(1, 1, 10));
                ++done;
            }
            _gasOf(_submitter(1), operations);
        }
    }

    // ---------------------------------------------------------------- a thousand lots

    function test_MemberWithAThousandLotsEarnsSpendsReturnsAndHolds() public {
        _fill(LOTS);
        vm.assertEq(ledger.accountOf(_member(1)).openLots, LOTS, "open");
        _tell("a purchase by a member with 1,000 open lots", _gasOf(_submitter(2), _purchase(2, 1, 10)));
        _tell("a grant to it", _gasOf(0, _grant(0, 1, 10)));
        _tell("a return of its 500th purchase", _gasOf(_submitter(1), _return(1, 1, 499, 500, 10)));
        _tell("a redemption of one lot", _gasOf(_submitter(1), _redeem(1, 1, 10)));
        _tell("a hold of half", _gasOf(_submitter(1), _hold(1, 1, 5000, FIRST_DAY)));
        uint32 placed = lastSequence[_submitter(1)];
        _tell("its capture", _gasOf(_submitter(1), _capture(1, 1, 2, placed, 5000)));
        uint256 gas_ = _gasOf(_submitter(2), _redeem(2, 1, 5000));
        _tell("a redemption of the other 500 lots", gas_);
        vm.assertTrue(gas_ < BATCH_GAS, "fits a batch");
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "all spent");
        vm.assertEq(ledger.totals().burned, 10_010, "burned");
    }

    function test_RedemptionOfAThousandLots() public {
        _fill(LOTS);
        // All but one point: to spend everything is cheaper, since then no lot has to be read.
        uint256 gas_ = _gasOf(_submitter(1), _redeem(1, 1, 9999));
        _tell("a redemption of 1,000 lots", gas_);
        vm.assertTrue(gas_ < BATCH_GAS, "fits a batch");
        vm.assertEq(ledger.accountOf(_member(1)).openLots, 1, "one is open");
    }

    function test_ExpiryOfAThousandLots() public {
        _fill(LOTS);
        _pass(31);
        vm.assertEq(_available(1), 0, "read");
        uint256 gas_ = _gasOf(_submitter(2), _purchase(2, 1, 7));
        _tell("a purchase by a member with 1,000 lots that expire", gas_);
        vm.assertTrue(gas_ < BATCH_GAS, "fits a batch");
        vm.assertEq(ledger.balanceOf(_member(1)), 7, "expired");
        vm.assertEq(ledger.totals().expired, 10_000, "expired");
    }

    function test_TouchOfAThousandLots() public {
        _fill(LOTS);
        _pass(31);
        address[] memory members = new address[](1);
        members[0] = _member(1);
        vm.cool(address(ledger));
        uint256 gas_ = gasleft();
        ledger.touch(members);
        _tell("touching 1,000 lots that expire", gas_ - gasleft());
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "expired");
    }

    function test_TransferOfAThousandLots() public {
        _fill(LOTS);
        uint256 gas_ = _gasOf(ATTESTER, _transfer(1, 2, 7000));
        _tell("a transfer of 700 lots", gas_);
        vm.assertTrue(gas_ < BATCH_GAS, "fits a batch");
        // All 1,000 at once would be more than a transaction may take (16.78 M): a member sends them in two parts.
        _tell("a transfer of the other 300 lots", _gasOf(ATTESTER, _transfer(1, 2, 3000)));
        vm.assertEq(ledger.balanceOf(_member(2)), 10_000, "received");
        vm.assertEq(ledger.accountOf(_member(2)).openLots, LOTS, "as they were");
    }

    /// @dev Lots that end before the receiver's last one stand in its sorted list besides.
    function test_TransferOfLotsThatEndBeforeTheReceivers() public {
        _fill(LOTS);
        _nextDay();
        _gasOf(_submitter(2), _purchase(2, 2, 10));
        uint256 gas_ = _gasOf(ATTESTER, _transfer(1, 2, 5000));
        _tell("a transfer of 500 lots that end before the receiver's last", gas_);
        vm.assertTrue(gas_ < BATCH_GAS, "fits a batch");
        vm.assertEq(ledger.balanceOf(_member(2)), 5010, "received");
        _enrol(3);
        _apply(_submitter(1), _purchaseOn(1, 3, 10, FIRST_DAY - 4));
        _tell("one more, before 500 of the receiver's that stand in the list", _gasOf(ATTESTER, _transfer(3, 2, 10)));
        vm.assertEq(ledger.lotsOf(_member(2)).length, 502, "each a lot of its own");
    }

    // ---------------------------------------------------------------- beside others

    function _at(Submission[] memory batch, uint256 i, uint256 key, uint32 submitter, bytes memory operations)
        private
        view
    {
        batch[i] = _submissionBy(key, submitter, NO_DEADLINE, operations);
        batch[i].gasAllowance = 1_000_000;
    }

    function test_NothingThatOneSubmissionContainsHarmsAnother() public {
        _fill(LOTS);
        Submission[] memory batch = new Submission[](9);
        _at(batch, 0, 4711, _submitter(1), _purchase(1, 1, 10));
        _at(batch, 1, 101, _submitter(1), hex"ffff");
        _at(batch, 2, 101, _submitter(1), new bytes(20_000));
        bytes memory list;
        for (uint256 i = 0; i < 257; ++i) {
            list = bytes.concat(list, _framed(0x7f, _submitter(1), ""));
        }
        _at(batch, 3, 101, _submitter(1), list);
        _at(batch, 4, 101, _submitter(1), _redeem(1, 1, 9999));
        batch[4].gasAllowance = 200_000;
        _at(batch, 5, 101, _submitter(9), _purchase(1, 1, 10));
        _at(batch, 6, 102, _submitter(2), bytes.concat(_framed(0x03, _submitter(2), hex"00"), _purchase(2, 2, 33)));
        batch[7] = _submissionBy(101, _submitter(1), uint48(block.timestamp - 1), _purchase(1, 1, 10));
        batch[7].gasAllowance = 1_000_000;
        _at(batch, 8, 102, _submitter(2), _purchase(2, 2, 44));

        vm.recordLogs();
        vm.cool(address(ledger));
        uint256 gas_ = gasleft();
        ledger.settle{gas: BATCH_GAS}(batch);
        _tell("a batch of seven bad submissions and two good ones", gas_ - gasleft());
        bytes32[8] memory expected = [
            bytes32("bad_signature"),
            "malformed_submission",
            "malformed_submission",
            "malformed_submission",
            "out_of_gas",
            "unknown_submitter",
            "malformed_operation",
            "deadline_passed"
        ];
        bytes32[] memory reasons = _reasons();
        vm.assertEq(reasons.length, expected.length, "refusals");
        for (uint256 i = 0; i < expected.length; ++i) {
            vm.assertEq(reasons[i], expected[i], vm.toString(i));
        }
        vm.assertEq(ledger.balanceOf(_member(2)), 77, "both good ones settled");
        vm.assertEq(ledger.balanceOf(_member(1)), 10_000, "what starved changed nothing");
    }

    /// @dev The dearest thing within its allowance, between two others, in one batch.
    function test_DearRedemptionSettlesBetweenOthers() public {
        _fill(LOTS);
        Submission[] memory batch = new Submission[](3);
        _at(batch, 0, 102, _submitter(2), _purchase(2, 2, 1));
        _at(batch, 1, 101, _submitter(1), _redeem(1, 1, 9999));
        batch[1].gasAllowance = 10_000_000;
        _at(batch, 2, 102, _submitter(2), _purchase(2, 2, 2));
        vm.recordLogs();
        ledger.settle{gas: BATCH_GAS}(batch);
        vm.assertEq(_reasons().length, 0, "all settled");
        vm.assertEq(ledger.balanceOf(_member(1)), 1, "redeemed");
        vm.assertEq(ledger.balanceOf(_member(2)), 3, "and the others");
    }

    /// @dev What cannot be had from the gas that is left is skipped, and what stands behind it may still fit.
    function test_AllowanceThatIsNotThereSkipsThatOneAlone() public {
        Submission[] memory batch = new Submission[](2);
        _at(batch, 0, 101, _submitter(1), _purchase(1, 1, 1));
        batch[0].gasAllowance = type(uint32).max;
        _at(batch, 1, 102, _submitter(2), _purchase(2, 2, 2));
        vm.recordLogs();
        ledger.settle{gas: 3_000_000}(batch);
        bytes32[] memory reasons = _reasons();
        vm.assertTrue(reasons.length == 1 && reasons[0] == "out_of_gas", "the first");
        vm.assertEq(ledger.balanceOf(_member(2)), 2, "the second settled");
    }

    /// @dev A panic in the middle of a submission takes its other operations back with it, and no one else's.
    function test_PanicSkipsItsSubmissionAlone() public {
        // Points issued stand in the low 64 bits of the second slot: the next purchase overflows them.
        uint256 totals = uint256(vm.load(address(ledger), bytes32(uint256(1))));
        vm.store(address(ledger), bytes32(uint256(1)), bytes32(totals | (type(uint64).max - 5)));
        vm.assertEq(ledger.totals().issued, type(uint64).max - 5, "nearly full");
        Submission[] memory batch = new Submission[](2);
        _at(batch, 0, 101, _submitter(1), bytes.concat(_purchase(1, 1, 3), _purchase(1, 1, 10)));
        _at(batch, 1, 102, _submitter(2), _purchase(2, 2, 2));
        vm.recordLogs();
        ledger.settle(batch);
        bytes32[] memory reasons = _reasons();
        vm.assertTrue(reasons.length == 1 && reasons[0] == "execution_failed", "skipped");
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "all of it");
        vm.assertTrue(!ledger.isUsed((uint64(_submitter(1)) << 32) | lastSequence[_submitter(1)]), "no id used");
        vm.assertEq(ledger.balanceOf(_member(2)), 2, "the other settled");
    }
}
