// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {IPointsLedger, PartnerTerms, Submission} from "../src/interfaces/IPointsLedger.sol";

/// @notice Every list that a caller can grow has an end, far above what people reach.
contract BoundsTest is LedgerFixture {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _enrol(1);
        _enrol(2);
    }

    function _settleAmply(uint32 submitter, bytes memory operations) private {
        Submission[] memory batch = new Submission[](1);
        batch[0] = _submission(submitter, operations);
        batch[0].gasAllowance = 400_000_000;
        vm.recordLogs();
        ledger.settle(batch);
        vm.assertEq(_reasons().length, 0, "applied");
    }

    function _fill(uint256 member, uint256 lots) private {
        for (uint256 done = 0; done < lots;) {
            bytes memory operations;
            for (uint256 i = 0; i < 250 && done < lots; ++i) {
                operations = bytes.concat(operations, _purchase(1, member, 10));
                ++done;
            }
            _settleAmply(_submitter(1), operations);
        }
    }

    function test_rejects_LotsBeyondAFullAccount() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 100));
        _fill(1, 1500);
        _reject(_submitter(1), _purchase(1, 1, 10), "account_full");
        _reject(_submitter(1), _grant(_submitter(1), 1, 10), "account_full");
        _reject(_submitter(1), _refund(1, 1, 1, redeemed, 10), "account_full");
        _apply(_submitter(1), _purchase(1, 2, 10));
        _reject(ATTESTER, _transfer(2, 1, 10), "account_full");
        _apply(_submitter(1), _redeem(1, 1, 10));
        _apply(_submitter(1), _purchase(1, 1, 10));
    }

    function test_rejects_HoldsBeyondAThousand() public {
        _apply(_submitter(1), _purchase(1, 1, 2000));
        for (uint256 i = 0; i < 10; ++i) {
            bytes memory operations;
            for (uint256 j = 0; j < 100; ++j) {
                operations = bytes.concat(operations, _hold(1, 1, 1, FIRST_DAY + 3));
            }
            _settleAmply(_submitter(1), operations);
        }
        _reject(_submitter(1), _hold(1, 1, 1, FIRST_DAY + 3), "account_full");
        vm.assertEq(ledger.holdsOf(_member(1)).length, 1000, "pending");
        _pass(4);
        _apply(_submitter(1), _redeem(1, 1, 2000));
        vm.assertEq(ledger.holdsOf(_member(1)).length, 0, "all expired at once");
    }

    /// @dev Debts of two partners in turn do not merge.
    function test_rejects_DebtsBeyondAThousand() public {
        bytes memory first;
        bytes memory second;
        _apply(_submitter(1), _purchase(1, 1, 2000));
        _apply(_submitter(2), _purchase(2, 1, 2000));
        _apply(_submitter(1), _redeem(1, 1, 4000));
        for (uint256 i = 0; i < 1001; ++i) {
            bool isFirst = i % 2 == 0;
            uint16 partner = isFirst ? 1 : 2;
            _apply(_submitter(partner), _return(partner, 1, isFirst ? 0 : 1, 1, 1));
        }
        first = _return(2, 1, 1, 1, 1);
        second = _return(1, 1, 0, 1, 1);
        _reject(_submitter(2), first, "account_full");
        _reject(_submitter(1), second, "account_full");
        vm.assertEq(ledger.debtsOf(_member(1)).length, 1001, "debts");
        // They are repaid in one go.
        Submission[] memory batch = new Submission[](1);
        batch[0] = _submission(0, _grant(0, 1, 1500));
        batch[0].gasAllowance = 400_000_000;
        ledger.settle(batch);
        vm.assertEq(ledger.accountOf(_member(1)).debt, 0, "none left");
        vm.assertEq(ledger.balanceOf(_member(1)), 499, "the rest");
    }

    /// @dev The word of a mapping from members that holds something, found by scanning where the mapping may stand.
    function _wordOf(uint256 member, uint256 nth) private view returns (bytes32 slot) {
        for (uint256 base = 0; base < 40; ++base) {
            slot = keccak256(abi.encode(_member(member), base));
            if (vm.load(address(ledger), slot) == 0) continue;
            if (nth == 0) return slot;
            --nth;
        }
        revert("no such word");
    }

    function test_rejects_LotsBeyondTheLastNumber() public {
        _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(1), _purchase(1, 2, 100));
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 50));
        // Bits 160 to 180 of an account's head count its lots.
        bytes32 slot = _wordOf(1, 0);
        uint256 head = uint256(vm.load(address(ledger), slot));
        uint256 last = (1 << 21) - 1023;
        vm.store(address(ledger), slot, bytes32((head & ~(uint256(0x1fffff) << 160)) | (last << 160)));
        vm.assertEq(ledger.accountOf(_member(1)).lotCount, last, "nearly all numbers are used");
        _reject(_submitter(1), _purchase(1, 1, 1), "account_full");
        _reject(0, _grant(0, 1, 1), "account_full");
        _reject(_submitter(1), _refund(1, 1, 1, redeemed, 1), "account_full");
        _reject(ATTESTER, _transfer(2, 1, 1), "account_full");
        _apply(_submitter(1), _redeem(1, 1, 50));
    }

    function test_rejects_DebtsBeyondTheLastNumber() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 100));
        _apply(_submitter(1), _redeem(1, 1, 100));
        _apply(_submitter(1), _return(1, 1, 0, sold, 10));
        // Bits 88 to 107 of the encumbrance number the first debt, bits 108 to 127 the one after the last.
        bytes32 slot = _wordOf(1, 1);
        uint256 word = uint256(vm.load(address(ledger), slot));
        vm.assertEq((word >> 108) & 0xfffff, 1, "one debt");
        uint256 last = (1 << 20) - 1;
        word = (word & ~(uint256(type(uint40).max) << 88)) | ((last - 1) << 88) | (last << 108);
        vm.store(address(ledger), slot, bytes32(word));
        _reject(_submitter(1), _return(1, 1, 0, sold, 10), "account_full");
    }

    function test_RevertWhen_TermsRunOut() public {
        // Bits 208 to 231 of the first slot count the terms.
        uint256 program = uint256(vm.load(address(ledger), 0));
        vm.store(address(ledger), 0, bytes32(program | (((1 << 20) - 1) << 208)));
        PartnerTerms memory terms = PartnerTerms(1, 2, 1, 2, 3, 0);
        bytes[] memory signatures = _signedTerms(terms, 101, OPERATOR_KEY);
        bytes32 what = "terms";
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.TooMany.selector, what, uint256((1 << 20) - 1)));
        ledger.recordTerms(terms, signatures);
    }

    /// @dev Sequence numbers of two words of used-up ids, back and forth, in one submission.
    function test_SequencesMayJumpWithinASubmission() public {
        bytes memory body = abi.encodePacked(_member(1), uint40(1), TODAY);
        bytes memory operations = bytes.concat(
            _framedAs(0x01, 255, body),
            _framedAs(0x01, 256, body),
            _framedAs(0x01, 255, body),
            _framedAs(0x01, type(uint32).max, body),
            _framedAs(0x01, 0, body),
            _framedAs(0x01, 256, body)
        );
        _settle(_submitter(1), operations);
        _settle(_submitter(1), operations);
        vm.assertEq(ledger.balanceOf(_member(1)), 4, "each once");
        uint64 first = uint64(_submitter(1)) << 32;
        vm.assertTrue(ledger.isUsed(first) && ledger.isUsed(first | 255) && ledger.isUsed(first | 256), "used");
        vm.assertTrue(ledger.isUsed(first | type(uint32).max) && !ledger.isUsed(first | 254), "and no other");
    }

    function test_SubmissionHasAtMost256Operations() public {
        bytes memory operations;
        for (uint256 i = 0; i < 256; ++i) {
            operations = bytes.concat(operations, _grant(0, 1, 1));
        }
        bytes memory more = bytes.concat(operations, _grant(0, 1, 1));
        _reject(0, more, "malformed_submission");
        _settleAmply(0, operations);
        vm.assertEq(ledger.balanceOf(_member(1)), 256, "all");
    }

    function test_SubmissionHasAtMost65535Bytes() public {
        bytes memory longest = _framed(0x7f, _submitter(1), new bytes(65_535 - 7));
        vm.assertEq(longest.length, 65_535, "as framed");
        _reject(_submitter(1), longest, "malformed_operation");
        bytes memory longer = bytes.concat(_framed(0x7f, _submitter(1), new bytes(65_535 - 14)), _purchase(1, 1, 10));
        _reject(_submitter(1), longer, "malformed_submission");
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "none of it");
    }
}
