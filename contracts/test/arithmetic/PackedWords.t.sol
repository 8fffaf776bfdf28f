// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {IssuerKind} from "../../src/interfaces/IPointsLedger.sol";
import {LedgerState} from "../../src/libraries/LedgerStorage.sol";
import {Lot, dayOnly, newLot} from "../../src/libraries/Lot.sol";
import {
    SPEND_CAPTURED,
    SPEND_HELD,
    SPEND_NONE,
    SPEND_REDEEMED,
    SPEND_VOIDED,
    Spend,
    newSpend,
    spendAt,
    spendTag,
    writeSpend
} from "../../src/libraries/Spend.sol";
import {Terms, partnerTerms, refundTerms, stageTerms} from "../../src/libraries/Terms.sol";

/// @notice Fields that share a word: each comes back whole, and changing one leaves its neighbours. The expectation is arithmetic, without
/// shifts or masks.
contract PackedWordsTest is Test, LedgerState {
    function testFuzz_Lot(uint32 left, uint40 kept, uint256 terms, uint256 day, uint256 tag) public pure {
        (terms, day, tag) = (terms % 2 ** 20, day % 2 ** 20, tag % 2 ** 15);
        Lot lot = newLot(left, kept, terms, day, tag);
        uint256 word = left + uint256(kept) * 2 ** 32 + terms * 2 ** 72 + day * 2 ** 92 + tag * 2 ** 112;
        vm.assertEq(Lot.unwrap(lot), word, "word");
        _compare(lot, [left, kept, terms, day, tag]);
        vm.assertTrue(!lot.isLate(), "a new lot is in order");
        Lot late = lot.asLate();
        vm.assertTrue(late.isLate(), "late");
        vm.assertEq(Lot.unwrap(late), word + 2 ** 127, "only the mark");
        vm.assertEq(Lot.unwrap(dayOnly(day)), day * 2 ** 92, "day alone");
    }

    function testFuzz_LotChanges(uint128 word, uint32 left, uint40 kept) public pure {
        Lot lot = Lot.wrap(word);
        _compare(lot.withLeft(left), [left, lot.kept(), lot.terms(), lot.day(), lot.tag()]);
        _compare(lot.withKept(kept), [lot.left(), kept, lot.terms(), lot.day(), lot.tag()]);
        vm.assertTrue(lot.withLeft(left).isLate() == (word >= 2 ** 127), "late stays");
        vm.assertTrue(lot.withKept(kept).isLate() == (word >= 2 ** 127), "late stays");
    }

    function testFuzz_PartnerTerms(uint16 partner, uint256 issuePrice, uint256 redeemPrice, uint256 rate) public pure {
        (issuePrice, redeemPrice, rate) = (issuePrice % 2 ** 30, redeemPrice % 2 ** 30, rate % 2 ** 14);
        Terms terms = partnerTerms(partner, issuePrice, redeemPrice, rate);
        vm.assertTrue(terms.kind() == IssuerKind.Partner, "kind");
        vm.assertEq(terms.issuer(), uint256(partner), "partner");
        vm.assertEq(terms.issuePrice(), issuePrice, "issue price");
        vm.assertEq(terms.redeemPrice(), redeemPrice, "redeem price");
        vm.assertEq(terms.earnRate(), rate, "rate");
        vm.assertEq(terms.stage() + terms.bonusPoints(), 0, "of campaigns only");
    }

    function testFuzz_StageTerms(uint16 campaign, uint256 price, uint8 stage, uint32 points) public pure {
        price %= 2 ** 30;
        Terms terms = stageTerms(campaign, price, stage, points);
        vm.assertTrue(terms.kind() == IssuerKind.Campaign, "kind");
        vm.assertEq(terms.issuer(), uint256(campaign), "campaign");
        vm.assertEq(terms.issuePrice(), price, "price of a bonus point");
        vm.assertEq(terms.stage(), uint256(stage), "stage");
        vm.assertEq(terms.bonusPoints(), uint256(points), "bonus");
        vm.assertEq(terms.redeemPrice() + terms.earnRate(), 0, "of partners only");
        vm.assertTrue(refundTerms(campaign).kind() == IssuerKind.Refund, "refund");
        vm.assertEq(refundTerms(campaign).issuer(), uint256(campaign), "partner of the refund");
        vm.assertEq(refundTerms(campaign).issuePrice(), 0, "a refund has no price");
    }

    function testFuzz_Spend(uint32 points, uint256 day, uint256 terms, uint256 state, uint16 tag, uint16 captureTag)
        public
        pure
    {
        (day, terms, state) = (day % 2 ** 20, terms % 2 ** 20, state % 5);
        Spend spend = newSpend(points, day, terms, state, tag, captureTag);
        _compare(spend, [points, day, terms, state, tag, captureTag]);
        _compare(spend.withPoints(7), [7, day, terms, state, tag, captureTag]);
        _compare(spend.withState(SPEND_VOIDED), [points, day, terms, SPEND_VOIDED, tag, captureTag]);
        vm.assertTrue(Spend.unwrap(spend) < 2 ** 128, "two to a slot");
    }

    /// @dev Two records to a slot.
    function testFuzz_SpendRecords(uint24 nonce, uint128 word, uint128 other, uint128 changed) public {
        writeSpend(ledger, address(1), nonce, Spend.wrap(word));
        writeSpend(ledger, address(1), nonce ^ 1, Spend.wrap(other));
        writeSpend(ledger, address(1), nonce, Spend.wrap(changed));
        vm.assertEq(Spend.unwrap(spendAt(ledger, address(1), nonce)), changed, "as written last");
        vm.assertEq(Spend.unwrap(spendAt(ledger, address(1), nonce ^ 1)), other, "its neighbour");
    }

    function test_StatesOfASpendDiffer() public pure {
        uint256[5] memory states = [SPEND_NONE, SPEND_HELD, SPEND_CAPTURED, SPEND_VOIDED, SPEND_REDEEMED];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(states[i], i, "what is stored keeps its meaning");
        }
    }

    /// @dev A tag of 0 names nothing; two sequence numbers share one only when 65,535 apart.
    function testFuzz_SpendTag(uint32 sequence, uint16 ahead) public pure {
        uint256 tag = spendTag(sequence);
        vm.assertTrue(tag > 0 && tag < 2 ** 16, "16 bits, not 0");
        vm.assertEq(spendTag(uint256(sequence) + 65_535), tag, "65,535 later");
        if (ahead % 65_535 != 0) vm.assertTrue(spendTag(uint256(sequence) + ahead) != tag, "no sooner");
        vm.assertEq(spendTag(65_534), 65_535, "the largest");
        vm.assertEq(spendTag(65_535), 1, "then from the start");
    }

    function _compare(Lot lot, uint256[5] memory fields) private pure {
        vm.assertEq(lot.left(), fields[0], "left");
        vm.assertEq(lot.kept(), fields[1], "kept");
        vm.assertEq(lot.terms(), fields[2], "terms");
        vm.assertEq(lot.day(), fields[3], "day");
        vm.assertEq(lot.tag(), fields[4], "tag");
    }

    function _compare(Spend spend, uint256[6] memory fields) private pure {
        vm.assertEq(spend.points(), fields[0], "points");
        vm.assertEq(spend.day(), fields[1], "day");
        vm.assertEq(spend.terms(), fields[2], "terms");
        vm.assertEq(spend.state(), fields[3], "state");
        vm.assertEq(spend.tag(), fields[4], "tag");
        vm.assertEq(spend.captureTag(), fields[5], "capture's tag");
    }
}
