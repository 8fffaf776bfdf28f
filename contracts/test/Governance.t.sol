// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {CampaignSigning} from "./CampaignSigning.sol";
import {CampaignTerms, IPointsLedger, PartnerTerms, RiskLimits} from "../src/interfaces/IPointsLedger.sol";

/// @notice Co-signed terms and campaigns, limits, payments, pauses, keys, upgrades.
contract GovernanceTest is CampaignSigning {
    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _admit(3, 10_000, 8000, 100);
        _enrol(1);
    }

    function _terms() private view returns (PartnerTerms memory) {
        return PartnerTerms({
            partner: 1,
            version: ledger.partnerOf(1).version + 1,
            issuePriceMicro: 1,
            redeemPriceMicro: 2,
            earnRate: 3,
            effectiveDay: 0
        });
    }

    function test_RevertWhen_TermsLackASignature() public {
        PartnerTerms memory terms = _terms();
        bytes[] memory foreignPartner = _signedTerms(terms, 102, OPERATOR_KEY);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.recordTerms(terms, foreignPartner);
        bytes[] memory foreignOperator = _signedTerms(terms, 101, 2);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(0)));
        ledger.recordTerms(terms, foreignOperator);
        bytes[] memory both = _signedTerms(terms, 101, OPERATOR_KEY);
        terms.earnRate = 4;
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.recordTerms(terms, both);
    }

    function test_RevertWhen_TermsAreReplayed() public {
        PartnerTerms memory terms = _terms();
        bytes[] memory both = _signedTerms(terms, 101, OPERATOR_KEY);
        ledger.recordTerms(terms, both);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.WrongVersion.selector, terms.version + 1, terms.version));
        ledger.recordTerms(terms, both);
    }

    function test_TermsOfALaterDayWait() public {
        PartnerTerms memory terms = _terms();
        terms.earnRate = 200;
        terms.effectiveDay = ledger.today() + 1;
        ledger.recordTerms(terms, _signedTerms(terms, 101, OPERATOR_KEY));
        _settle(_submitter(1), _purchase(1, 1, 100));
        vm.assertEq(ledger.balanceOf(_member(1)), 100, "old rate");
        _nextDay();
        _settle(_submitter(1), _purchase(1, 1, 100));
        vm.assertEq(ledger.balanceOf(_member(1)), 300, "new rate");
    }

    // ---------------------------------------------------------------- campaigns

    function test_RevertWhen_CampaignLacksAFunderOrIsChanged() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        bytes32 digest = _digest(_campaignHash(terms));
        bytes[] memory signatures = new bytes[](3);
        signatures[0] = _sign(101, digest);
        signatures[1] = _sign(102, digest);
        signatures[2] = _sign(101, digest);
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(3)));
        ledger.openCampaign(terms, signatures);
        signatures[2] = _sign(103, digest);
        ++terms.budgetPoints;
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.InvalidSignature.selector, uint16(1)));
        ledger.openCampaign(terms, signatures);
        --terms.budgetPoints;
        ledger.openCampaign(terms, signatures);
        vm.assertEq(ledger.campaignOf(1).termsHash, _campaignHash(terms), "hash");
    }

    function test_RevertWhen_CampaignOpensToday() public {
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        terms.opensDay = ledger.today();
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.DayNotAhead.selector, terms.opensDay, ledger.today()));
        ledger.openCampaign(terms, new bytes[](3));
    }

    function _tour() private {
        for (uint16 p = 1; p <= 3; ++p) {
            _settle(_submitter(p), _purchase(p, 1, 1000));
        }
    }

    function test_PausedDaysDoNotCountAndOthersStillDo() public {
        _open(_campaign(3, 1001, 2000));
        _nextDay();
        uint24 today = ledger.today();
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.DayNotAhead.selector, today, today));
        ledger.pauseCampaign(1, today);
        ledger.pauseCampaign(1, today + 1);
        _settle(_submitter(1), _purchase(1, 1, 1000));
        _nextDay();
        _settle(_submitter(2), _purchase(2, 1, 1000));
        ledger.resumeCampaign(1, today + 2);
        _nextDay();
        _settle(_submitter(3), _purchase(3, 1, 1000));
        vm.assertEq(ledger.campaignOf(1).spentPoints, 0, "partner 2's day was paused");
        _settle(_submitter(2), _purchaseOn(2, 1, 1000, today + 1));
        vm.assertEq(ledger.campaignOf(1).spentPoints, 0, "posted late for a paused day");
        _settle(_submitter(2), _purchase(2, 1, 1000));
        vm.assertEq(ledger.campaignOf(1).spentPoints, 1001, "awarded");
    }

    function test_ClosedEarlyCountsThroughItsLastDay() public {
        _open(_campaign(3, 1001, 2000));
        _nextDay();
        ledger.closeCampaignEarly(1, ledger.today());
        _settle(_submitter(1), _purchase(1, 1, 1000));
        _settle(_submitter(2), _purchase(2, 1, 1000));
        _nextDay();
        _settle(_submitter(3), _purchase(3, 1, 1000));
        vm.assertEq(ledger.campaignOf(1).spentPoints, 0, "after its last day");
        _settle(_submitter(3), _purchaseOn(3, 1, 1000, ledger.today() - 1));
        vm.assertEq(ledger.campaignOf(1).spentPoints, 1001, "posted late for its last day");
    }

    function test_ThirtyTwoPartnersMakeACampaign() public {
        for (uint16 p = 4; p <= 32; ++p) {
            _admit(p, 10_000, 8000, 100);
        }
        CampaignTerms memory terms = _campaign(32, 1001, 5000);
        terms.stages[0].minSpendTotal = 32_000;
        terms.stages[0].minVisits = 32;
        _open(terms);
        _nextDay();
        for (uint16 p = 1; p <= 32; ++p) {
            vm.assertEq(ledger.campaignOf(1).spentPoints, 0, "not yet");
            _settle(_submitter(p), _purchase(p, 1, 1000));
        }
        vm.assertEq(ledger.campaignOf(1).spentPoints, 1001, "awarded");
        vm.assertEq(ledger.progressOf(1, _member(1)).visits, 32, "visits");
        _settle(_submitter(20), _return(20, 1, 19, lastSequence[_submitter(20)], 1000));
        vm.assertEq(ledger.campaignOf(1).spentPoints, 0, "clawed back");
        vm.assertEq(ledger.progressOf(1, _member(1)).spendByPartner[19], 0, "spend taken out");
    }

    // ---------------------------------------------------------------- limits and payments

    function _limit(uint96 creditMicro, uint32 operation, uint48 memberDay, uint48 partnerDay) private {
        ledger.setLimits(1, RiskLimits(creditMicro, operation, memberDay, partnerDay));
    }

    function test_CreditLimitStopsPurchasesUntilAConfirmedPayment() public {
        _limit(10_000_000, type(uint32).max, type(uint48).max, type(uint48).max);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1000)), bytes32(0), "up to the limit");
        uint32 bought = lastSequence[_submitter(1)];
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32("credit_limit_exceeded"), "beyond");
        vm.assertEq(_reasonOf(_submitter(1), _return(1, 1, 0, bought, 500)), bytes32(0), "returns go on");
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 500)), bytes32(0), "what it freed");
        ledger.closeCycle();
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32("credit_limit_exceeded"), "closed is unpaid");
        _settle(_submitter(1), _framed(0x20, _submitter(1), abi.encodePacked(uint64(1000), bytes32("wire 1"))));
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32("credit_limit_exceeded"), "not confirmed");
        ledger.confirmPayment(1);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1000)), bytes32(0), "confirmed");
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.UnknownPayment.selector, uint32(1)));
        ledger.confirmPayment(1);
    }

    function test_OperatorsPaymentIsConfirmedByItsPartner() public {
        _settle(_submitter(1), _purchase(1, 1, 1000));
        _settle(_submitter(2), _redeem(2, 1, 1000));
        ledger.closeCycle();
        uint16[] memory all = new uint16[](2);
        (all[0], all[1]) = (1, 2);
        ledger.issueStatements(all);
        vm.assertEq(ledger.statementOf(1, 2).payableMinor, int256(-800), "the operator owes");
        uint32 payment = ledger.recordPayment(2, 800, "wire 2");
        bytes memory confirmation = abi.encodePacked(payment);
        vm.assertEq(
            _reasonOf(_submitter(1), _framed(0x21, _submitter(1), confirmation)),
            bytes32("unknown_payment"),
            "not its own"
        );
        vm.assertEq(_reasonOf(_submitter(2), _framed(0x21, _submitter(2), confirmation)), bytes32(0), "confirmed");
        (int256 unpaid,) = ledger.unpaidOf(2);
        vm.assertEq(unpaid, int256(0), "paid");
    }

    function test_CampaignBudgetIsSetAgainstItsFundersLimits() public {
        _limit(1_000_000, type(uint32).max, type(uint48).max, type(uint48).max);
        CampaignTerms memory terms = _campaign(3, 1001, 2000);
        bytes32 digest = _digest(_campaignHash(terms));
        bytes[] memory signatures = new bytes[](3);
        for (uint256 i = 0; i < 3; ++i) {
            signatures[i] = _sign(101 + i, digest);
        }
        vm.expectRevert();
        ledger.openCampaign(terms, signatures);
        _limit(60_000_000, type(uint32).max, type(uint48).max, type(uint48).max);
        ledger.openCampaign(terms, signatures);
        (, int256 reserved) = ledger.unpaidOf(1);
        vm.assertTrue(reserved >= 2000 * 9000 / 3, "its share of the budget");
        _nextDay();
        _tour();
        (, int256 afterAward) = ledger.unpaidOf(1);
        vm.assertEq(afterAward, reserved + 1000 * 10_000, "an award only moves from reserved to open");
        vm.warp(block.timestamp + 20 days);
        ledger.releaseCampaign(1);
        (, int256 released) = ledger.unpaidOf(1);
        vm.assertEq(released, ledger.positionOf(1).net, "only the position is left");
    }

    function test_LimitsPerOperationMemberAndDay() public {
        _limit(type(uint96).max, 100, 150, 220);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 101)), bytes32("operation_limit_exceeded"), "operation");
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 100)), bytes32(0), "100");
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 51)), bytes32("member_day_limit_exceeded"), "member");
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 2, 100)), bytes32(0), "another member");
        vm.assertEq(
            _reasonOf(_submitter(1), _grant(_submitter(1), 3, 21)), bytes32("partner_day_limit_exceeded"), "partner"
        );
        _nextDay();
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 100)), bytes32(0), "next day");
    }

    // ---------------------------------------------------------------- roles, keys, upgrades

    function test_SuspendedPartnersFinishWhatExists() public {
        _settle(_submitter(1), _purchase(1, 1, 1000));
        uint32 bought = lastSequence[_submitter(1)];
        ledger.suspendPartner(1);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32("partner_suspended"), "no purchase");
        vm.assertEq(_reasonOf(_submitter(1), _grant(_submitter(1), 1, 1)), bytes32("partner_suspended"), "no grant");
        vm.assertEq(_reasonOf(_submitter(1), _return(1, 1, 0, bought, 1)), bytes32(0), "a return");
        ledger.reinstatePartner(1);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32(0), "again");
    }

    function test_PausedKindsAreRejectedAlone() public {
        ledger.setOperationPaused(1, true);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32("operation_paused"), "paused");
        vm.assertEq(_reasonOf(_submitter(1), _grant(_submitter(1), 1, 1)), bytes32(0), "another kind");
        ledger.setOperationPaused(1, false);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32(0), "resumed");
    }

    function test_RevertWhen_StrangersGovern() public {
        vm.startPrank(address(0xbad));
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(0xbad));
        vm.expectRevert(refusal);
        ledger.admitPartner(4, "x", address(1));
        vm.expectRevert(refusal);
        ledger.suspendPartner(1);
        vm.expectRevert(refusal);
        ledger.setLimits(1, RiskLimits(0, 0, 0, 0));
        vm.expectRevert(refusal);
        ledger.freezeMember(_member(1), 1);
        vm.expectRevert(refusal);
        ledger.closeCycle();
        vm.expectRevert(refusal);
        ledger.setOperationPaused(1, true);
        vm.expectRevert(refusal);
        ledger.setAttester(2, address(1), 0);
        vm.expectRevert(refusal);
        UUPSUpgradeable(address(ledger)).upgradeToAndCall(address(1), "");
        vm.stopPrank();
    }

    function test_PartnerRotatesItsKeyWithoutStandingStill() public {
        bytes32 typehash = keccak256("RotateKey(uint16 partner,address key,uint48 previousKeyUntil,uint32 version)");
        uint48 until = uint48(block.timestamp + 1 days);
        bytes32 digest = _digest(keccak256(abi.encode(typehash, uint16(1), vm.addr(555), until, uint32(1))));
        ledger.rotatePartnerKey(1, vm.addr(555), until, _sign(101, digest));
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32(0), "the old key still signs");
        _settleBy(555, _submitter(1), _purchase(1, 1, 10));
        vm.assertEq(ledger.balanceOf(_member(1)), 11, "the new key signs");
        vm.warp(until + 1);
        vm.assertEq(_reasonOf(_submitter(1), _purchase(1, 1, 1)), bytes32("bad_signature"), "the old key is void");
    }

    function test_OperatorKeyChangesInTwoSteps() public {
        ledger.proposeOperatorKey(vm.addr(8));
        vm.expectRevert(abi.encodeWithSelector(IPointsLedger.NotProposed.selector, address(this)));
        ledger.acceptOperatorKey();
        vm.prank(vm.addr(8));
        ledger.acceptOperatorKey();
        vm.assertEq(ledger.programTerms().operatorKey, vm.addr(8), "changed");
        vm.assertEq(_reasonOf(0, _grant(0, 1, 5)), bytes32("bad_signature"), "the old key is void");
    }

    function test_UpgradeKeepsTheLedger() public {
        _settle(_submitter(1), _purchase(1, 1, 1000));
        UUPSUpgradeable(address(ledger)).upgradeToAndCall(_deployCore(), "");
        vm.assertEq(ledger.balanceOf(_member(1)), 1000, "kept");
        _settle(_submitter(1), _purchase(1, 1, 1));
        vm.assertEq(ledger.balanceOf(_member(1)), 1001, "goes on");
    }

    // ---------------------------------------------------------------- conformance

    function test_ReadsLikeAnErc20() public {
        vm.assertEq(ledger.name(), "Test Points", "name");
        vm.assertEq(ledger.symbol(), "TST", "symbol");
        vm.assertEq(ledger.decimals(), 0, "decimals");
        vm.expectEmit(true, true, true, true, address(ledger));
        emit IPointsLedger.Transfer(address(0), _member(1), 250);
        _settle(_submitter(1), _purchase(1, 1, 250));
        vm.assertEq(ledger.totalSupply(), ledger.balanceOf(_member(1)), "supply");
    }

    function test_SaysItsDomainAndInterfaces() public view {
        (bytes1 fields, string memory name, string memory version, uint256 chainId, address contract_,,) =
            ledger.eip712Domain();
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 separator =
            keccak256(abi.encode(typehash, keccak256(bytes(name)), keccak256(bytes(version)), chainId, contract_));
        vm.assertEq(separator, ledger.domainSeparator(), "domain");
        vm.assertEq(uint256(uint8(fields)), 0x0f, "fields");
        vm.assertTrue(ledger.supportsInterface(0x01ffc9a7), "EIP-165");
        vm.assertTrue(ledger.supportsInterface(0x84b0196e), "EIP-5267");
        vm.assertTrue(!ledger.supportsInterface(0xffffffff), "not everything");
    }
}
