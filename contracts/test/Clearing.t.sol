// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "./LedgerFixture.sol";
import {IPointsLedger, Statement} from "../src/interfaces/IPointsLedger.sol";

/// @notice Positions, cycles, rounding with what is carried over, and payments.
contract ClearingTest is LedgerFixture {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _enrol(1);
    }

    function _issue(uint16 partner) private {
        uint16[] memory partners = new uint16[](1);
        partners[0] = partner;
        ledger.issueStatements(partners);
    }

    function _close() private returns (uint32 cycle) {
        cycle = ledger.closeCycle();
        _issue(1);
    }

    // ---------------------------------------------------------------- cycles

    function test_StatementHoldsTheLinesOfItsCycle() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 1000));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        uint32 redeemed = _apply(_submitter(1), _redeem(1, 1, 200));
        _pass(2);
        vm.assertEq(_close(), 1, "first cycle");
        Statement memory s = ledger.statementOf(1, 1);
        vm.assertTrue(s.isIssued && s.cycle == 1 && s.day == FIRST_DAY + 2, "of its day");
        vm.assertTrue(s.base == 10_000_000 && s.bonus == 0 && s.credit == 1_000_000, "lines");
        vm.assertTrue(s.reimbursed == 1_600_000 && s.net == 7_400_000 && s.carriedIn == 0, "lines");
        vm.assertTrue(s.payableMinor == 740 && s.carriedOut == 0, "payable");
        _apply(_submitter(1), _refund(1, 1, 1, redeemed, 200));
        _close();
        s = ledger.statementOf(2, 1);
        vm.assertTrue(s.reimbursed == -1_600_000 && s.payableMinor == 160, "what the second cycle took back");
        (int256 unpaidMinor, int256 exposureMicro) = ledger.unpaidOf(1);
        vm.assertEq(unpaidMinor, int256(900), "both");
        vm.assertEq(exposureMicro, int256(9_000_000), "owed");
    }

    /// @dev A statement is written when its position next moves; until then, or until someone asks, it is not there.
    function test_StatementFollowsTheNextMove() public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        ledger.closeCycle();
        vm.assertTrue(!ledger.statementOf(1, 1).isIssued, "not yet");
        vm.assertEq(ledger.currentCycle(), 2, "the second runs");
        _apply(_submitter(1), _purchase(1, 1, 500));
        vm.assertEq(ledger.statementOf(1, 1).payableMinor, int256(1000), "without the second purchase");
        _issue(1);
        vm.assertTrue(!ledger.statementOf(2, 1).isIssued, "the running cycle has none");
        vm.assertEq(ledger.statementOf(1, 1).base, int256(10_000_000), "issued once");
    }

    function test_CyclesWithoutLinesHaveNoStatementAndCarryOn() public {
        _reprice(1, 10_049, 0, 100);
        _apply(_submitter(1), _purchase(1, 1, 100));
        _close();
        vm.assertEq(ledger.statementOf(1, 1).carriedOut, int256(4900), "carried");
        ledger.closeCycle();
        ledger.closeCycle();
        _apply(_submitter(1), _purchase(1, 1, 1));
        _close();
        vm.assertTrue(!ledger.statementOf(3, 1).isIssued, "nothing happened in it");
        vm.assertEq(ledger.statementOf(4, 1).carriedIn, int256(4900), "carried on");
        vm.assertEq(ledger.statementOf(4, 1).payableMinor, int256(1), "14,949 micro-units");
        vm.assertEq(ledger.statementOf(4, 1).carriedOut, int256(4949), "the rest");
    }

    function test_PartnerAdmittedLaterHasNoEarlierStatement() public {
        ledger.closeCycle();
        _admit(3, 10_000, 8000, 100);
        _apply(_submitter(3), _purchase(3, 1, 100));
        ledger.closeCycle();
        _issue(3);
        vm.assertTrue(!ledger.statementOf(1, 3).isIssued, "not of the first");
        vm.assertEq(ledger.statementOf(2, 3).payableMinor, int256(100), "of the second");
    }

    // ---------------------------------------------------------------- rounding

    function _statementOf(uint32 points, uint32 priceMicro) private returns (Statement memory) {
        _reprice(1, priceMicro, 0, 100);
        _apply(_submitter(1), _purchase(1, 1, points));
        return ledger.statementOf(_close(), 1);
    }

    function test_HalvesAreRoundedToEven() public {
        Statement memory s = _statementOf(1, 25_000);
        vm.assertTrue(s.payableMinor == 2 && s.carriedOut == 5000, "2.5 is 2");
        s = _statementOf(1, 30_000);
        vm.assertTrue(s.payableMinor == 4 && s.carriedOut == -5000, "0.5 + 3.0 is 4");
        s = _statementOf(1, 5000);
        vm.assertTrue(s.payableMinor == 0 && s.carriedOut == 0, "-0.5 + 0.5 is 0");
        s = _statementOf(1, 15_001);
        vm.assertTrue(s.payableMinor == 2 && s.carriedOut == -4999, "1.5001 is 2");
    }

    function test_WhatTheOperatorOwesIsRoundedAlike() public {
        _reprice(2, 0, 25_000, 100);
        _apply(_submitter(2), _purchase(2, 1, 1));
        _apply(_submitter(2), _redeem(2, 1, 1));
        ledger.closeCycle();
        _issue(2);
        Statement memory s = ledger.statementOf(1, 2);
        vm.assertTrue(s.payableMinor == -2 && s.carriedOut == -5000, "-2.5 is -2");
    }

    function testFuzz_NothingIsLostOverCycles(uint32[6] memory points, uint32[6] memory pricesMicro) public {
        int256 payableMinor = 0;
        int256 net = 0;
        Statement memory s;
        for (uint256 i = 0; i < 6; ++i) {
            points[i] = uint32(bound(points[i], 1, 4_000_000_000));
            pricesMicro[i] = uint32(bound(pricesMicro[i], 0, 1_000_000_000));
            int256 carriedIn = s.carriedOut;
            s = _statementOf(points[i], pricesMicro[i]);
            if (pricesMicro[i] == 0) {
                // No line moved: there is no statement, and the residual waits.
                vm.assertTrue(!s.isIssued || s.net == 0, "none");
                s.carriedOut = int64(carriedIn);
                continue;
            }
            vm.assertEq(s.carriedIn, carriedIn, "carried");
            vm.assertTrue(s.carriedOut <= 5000 && s.carriedOut >= -5000, "at most half a minor unit");
            payableMinor += s.payableMinor;
            net += int256(uint256(points[i])) * int256(uint256(pricesMicro[i]));
        }
        vm.assertEq(payableMinor * 10_000 + s.carriedOut, net, "payables and the last residual are all of it");
        (int256 unpaidMinor, int256 exposureMicro) = ledger.unpaidOf(1);
        vm.assertEq(unpaidMinor, payableMinor, "unpaid");
        vm.assertEq(exposureMicro, net, "exposure");
        vm.assertEq(ledger.operatorNet(), net, "the operator's side");
    }

    function test_RevertWhen_CyclesRunOut() public {
        // The running cycle stands in bits 232 to 247 of the first slot.
        uint256 program = uint256(vm.load(address(ledger), 0));
        vm.store(address(ledger), 0, bytes32(program | (uint256(type(uint16).max) << 232)));
        vm.assertEq(ledger.currentCycle(), type(uint16).max, "the last one");
        bytes32 what = "cycles";
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.TooMany.selector, what, uint256(type(uint16).max)));
        ledger.closeCycle();
    }

    function test_RevertWhen_StatementsOfStrangersAreAskedFor() public {
        uint16[] memory partners = new uint16[](1);
        partners[0] = 3;
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.UnknownPartner.selector, uint16(3)));
        ledger.issueStatements(partners);
        partners[0] = 0;
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.UnknownPartner.selector, uint16(0)));
        ledger.issueStatements(partners);
    }

    // ---------------------------------------------------------------- payments

    function _recorded(uint64 amountMinor) private returns (bytes memory) {
        return _framed(0x20, _submitter(1), abi.encodePacked(amountMinor, bytes32("wire")));
    }

    function _confirmed(uint16 partner, uint32 payment) private returns (bytes memory) {
        return _framed(0x21, _submitter(partner), abi.encodePacked(payment));
    }

    function test_PartnersPaymentCountsWhenTheOperatorConfirms() public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        _close();
        uint64 operation = (uint64(_submitter(1)) << 32) | (lastSequence[_submitter(1)] + 1);
        vm.expectEmit(true, true, true, true, address(ledger));
        emit PaymentRecorded(1, 1, operation, true, 400, "wire");
        _settle(_submitter(1), _recorded(400));
        (int256 unpaidMinor,) = ledger.unpaidOf(1);
        vm.assertEq(unpaidMinor, int256(1000), "recorded is not paid");
        vm.expectEmit(true, true, true, true, address(ledger));
        emit PaymentConfirmed(1, 1, 0, 600);
        ledger.confirmPayment(1);
        (unpaidMinor,) = ledger.unpaidOf(1);
        vm.assertEq(unpaidMinor, int256(600), "paid");
    }

    /// @dev Confirming brings the statement of a closed cycle with it.
    function test_ConfirmationIssuesTheStatementFirst() public {
        _apply(_submitter(1), _purchase(1, 1, 1000));
        _apply(_submitter(1), _recorded(1000));
        ledger.closeCycle();
        ledger.confirmPayment(1);
        vm.assertTrue(ledger.statementOf(1, 1).isIssued, "issued");
        (int256 unpaidMinor, int256 exposureMicro) = ledger.unpaidOf(1);
        vm.assertEq(unpaidMinor, int256(0), "nothing left");
        vm.assertEq(exposureMicro, int256(0), "nothing owed");
    }

    function test_rejects_PaymentsThatNoOneCanConfirm() public {
        _reject(_submitter(1), _recorded(0), "invalid_amount");
        _reject(_submitter(1), _framed(0x20, _submitter(1), hex"01"), "malformed_operation");
        _reject(_submitter(1), _framed(0x21, _submitter(1), hex"01"), "malformed_operation");
        _reject(_submitter(1), _confirmed(1, 1), "unknown_payment");
        _apply(_submitter(1), _recorded(10));
        _reject(_submitter(1), _confirmed(1, 1), "unknown_payment");
        uint32 payment = ledger.recordPayment(2, 5, "wire");
        _reject(_submitter(1), _confirmed(1, payment), "unknown_payment");
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.UnknownPayment.selector, payment));
        ledger.confirmPayment(payment);
        _apply(_submitter(2), _confirmed(2, payment));
        _reject(_submitter(2), _confirmed(2, payment), "unknown_payment");
    }

    function test_RevertWhen_OperatorsPaymentIsWrong() public {
        bytes32 field = "amountMinor";
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidTerms.selector, field));
        ledger.recordPayment(1, 0, "wire");
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.UnknownPartner.selector, uint16(3)));
        ledger.recordPayment(3, 1, "wire");
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.UnknownPayment.selector, uint32(1)));
        ledger.confirmPayment(1);
    }
}
