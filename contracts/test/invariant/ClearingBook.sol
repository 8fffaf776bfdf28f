// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignSigning} from "../CampaignSigning.sol";
import {Vm} from "../Test.sol";
import {CampaignTerms, Funder, IssuerKind} from "../../src/interfaces/IPointsLedger.sol";

/// @notice What everyone owes, folded from the ledger's events by arithmetic of its own.
abstract contract ClearingBook is CampaignSigning {
    struct Price {
        IssuerKind kind;
        uint16 issuer;
        uint32 issueMicro;
        uint32 redeemMicro;
        uint32 bonusPoints;
    }

    struct Lines {
        int256 base;
        int256 bonus;
        int256 credit;
        int256 reimbursed;
    }

    struct Settlement {
        int256 netMicro;
        int256 carriedMicro;
        int256 payableMinor;
        int256 paidMinor;
    }

    /// @dev Micro-units in one minor unit of a currency with two decimals.
    int256 internal constant UNIT_MICRO = 10_000;

    mapping(uint256 terms => Price) internal prices;
    mapping(uint256 terms => uint256) internal rateOfTerms;
    mapping(uint256 partner => Lines) internal lines;
    mapping(uint256 partner => Settlement) internal settled;
    mapping(uint256 campaign => Funder[]) internal funders;
    mapping(uint256 campaign => uint256) internal awardedPoints;
    mapping(uint256 campaign => uint256) internal recoveredPoints;
    mapping(uint256 campaign => uint256) internal refusals;
    mapping(address member => mapping(uint256 lot => uint256)) internal lotTerms;
    mapping(address member => mapping(uint256 nonce => uint256)) internal spendTerms;
    uint16 internal campaignsOpened;

    function _fold(Vm.Log memory entry) internal virtual {
        bytes32 topic = entry.topics[0];
        if (topic == PurchaseSettled.selector) _foldPurchase(entry);
        else if (topic == GrantSettled.selector) _foldGrant(entry);
        else if (topic == ReturnSettled.selector) _foldReturn(entry);
        else if (topic == RedemptionSettled.selector) _foldRedemption(entry);
        else if (topic == HoldCaptured.selector) _foldCapture(entry);
        else if (topic == RefundSettled.selector) _foldRefund(entry);
        else if (topic == DebtRepaid.selector) _foldRepayment(entry);
        else if (topic == BonusAwarded.selector) _foldAward(entry);
        else if (topic == BonusClawedBack.selector) _foldClawBack(entry);
        else if (topic == BonusRefused.selector) ++refusals[uint256(entry.topics[1])];
        else if (topic == StatementIssued.selector) _foldStatement(entry);
        else if (topic == PositionChanged.selector) _checkPosition(entry);
        else _foldTerms(topic, entry);
    }

    function _memberOf(Vm.Log memory entry) internal pure returns (address) {
        return address(uint160(uint256(entry.topics[2])));
    }

    function _partnerOf(Vm.Log memory entry) internal pure returns (uint256) {
        return uint256(entry.topics[1]) >> 48;
    }

    // ---------------------------------------------------------------- terms

    function _foldTerms(bytes32 topic, Vm.Log memory entry) private {
        uint16 subject = entry.topics.length > 1 ? uint16(uint256(entry.topics[1])) : 0;
        if (topic == PartnerAdmitted.selector) {
            (,, uint256 refundTerms, uint256 terms) = abi.decode(entry.data, (string, address, uint256, uint256));
            prices[refundTerms] = Price(IssuerKind.Refund, subject, 0, 0, 0);
            prices[terms] = Price(IssuerKind.Partner, subject, 0, 0, 0);
        } else if (topic == PartnerTermsRecorded.selector) {
            (, uint256 terms, uint32 issueMicro, uint32 redeemMicro, uint16 rate,) =
                abi.decode(entry.data, (uint32, uint256, uint32, uint32, uint16, uint24));
            rateOfTerms[terms] = rate;
            prices[terms] = Price(IssuerKind.Partner, subject, issueMicro, redeemMicro, 0);
        } else if (topic == CampaignOpened.selector) {
            (, uint256 firstTerms, CampaignTerms memory terms) =
                abi.decode(entry.data, (bytes32, uint256, CampaignTerms));
            for (uint256 i = 0; i < terms.stages.length; ++i) {
                prices[firstTerms + i] =
                    Price(IssuerKind.Campaign, subject, terms.priceMicro, 0, terms.stages[i].bonusPoints);
            }
            for (uint256 i = 0; i < terms.funders.length; ++i) {
                funders[subject].push(terms.funders[i]);
            }
            campaignsOpened = subject;
        }
    }

    // ---------------------------------------------------------------- lines

    function _foldPurchase(Vm.Log memory entry) private {
        (, uint256 points, uint256 lot,, uint256 terms) =
            abi.decode(entry.data, (uint256, uint256, uint256, uint256, uint256));
        lotTerms[_memberOf(entry)][lot] = terms;
        lines[_partnerOf(entry)].base += int256(points * prices[terms].issueMicro);
    }

    function _foldGrant(Vm.Log memory entry) private {
        (uint256 points,,, uint256 terms) = abi.decode(entry.data, (uint256, uint256, uint256, uint256));
        lines[_partnerOf(entry)].base += int256(points * prices[terms].issueMicro);
    }

    function _foldReturn(Vm.Log memory entry) private {
        (uint256 lot,,, uint256 recovered) = abi.decode(entry.data, (uint256, uint256, uint256, uint256));
        Price memory price = prices[lotTerms[_memberOf(entry)][lot]];
        lines[price.issuer].credit += int256(recovered * price.issueMicro);
    }

    function _foldRedemption(Vm.Log memory entry) private {
        (uint256 points, uint256 nonce, uint256 terms) = abi.decode(entry.data, (uint256, uint256, uint256));
        _reimburse(entry, points, nonce, terms);
    }

    function _foldCapture(Vm.Log memory entry) private {
        (uint256 points, uint256 nonce,, uint256 terms) = abi.decode(entry.data, (uint256, uint256, uint256, uint256));
        _reimburse(entry, points, nonce, terms);
    }

    function _reimburse(Vm.Log memory entry, uint256 points, uint256 nonce, uint256 terms) private {
        spendTerms[_memberOf(entry)][nonce] = terms;
        lines[_partnerOf(entry)].reimbursed += int256(points * prices[terms].redeemMicro);
    }

    function _foldRefund(Vm.Log memory entry) private {
        (uint256 points, uint256 nonce,,,) = abi.decode(entry.data, (uint256, uint256, uint256, uint256, uint256));
        uint256 priceMicro = prices[spendTerms[_memberOf(entry)][nonce]].redeemMicro;
        lines[_partnerOf(entry)].reimbursed -= int256(points * priceMicro);
    }

    function _foldRepayment(Vm.Log memory entry) private {
        (uint256 terms, uint256 points, uint256 debtLeft) = abi.decode(entry.data, (uint256, uint256, uint256));
        Price memory price = prices[terms];
        if (price.kind == IssuerKind.Campaign) {
            uint256 recoveredAfter = price.bonusPoints - debtLeft;
            _credit(price, recoveredAfter - points, recoveredAfter);
        } else {
            lines[price.issuer].credit += int256(points * price.issueMicro);
        }
    }

    // ---------------------------------------------------------------- campaigns

    function _foldAward(Vm.Log memory entry) private {
        (, uint256 points, uint256 lot,, uint256 terms) =
            abi.decode(entry.data, (uint256, uint256, uint256, uint256, uint256));
        uint256 campaign = uint256(entry.topics[1]);
        lotTerms[_memberOf(entry)][lot] = terms;
        awardedPoints[campaign] += points;
        uint256[] memory shares = _sharesOf(campaign, points);
        for (uint256 i = 0; i < shares.length; ++i) {
            uint256 funder = funders[campaign][i].partner;
            if (funder != 0) lines[funder].bonus += int256(shares[i] * prices[terms].issueMicro);
        }
    }

    function _foldClawBack(Vm.Log memory entry) private {
        (, uint256 lot,, uint256 recovered) = abi.decode(entry.data, (uint256, uint256, uint256, uint256));
        _credit(prices[lotTerms[_memberOf(entry)][lot]], 0, recovered);
    }

    /// @dev Of an award, `before` points had been recovered and now `after_` are.
    function _credit(Price memory price, uint256 before, uint256 after_) private {
        recoveredPoints[price.issuer] += after_ - before;
        uint256[] memory sharesBefore = _sharesOf(price.issuer, before);
        uint256[] memory sharesAfter = _sharesOf(price.issuer, after_);
        for (uint256 i = 0; i < sharesAfter.length; ++i) {
            uint256 funder = funders[price.issuer][i].partner;
            if (funder == 0) continue;
            lines[funder].credit += (int256(sharesAfter[i]) - int256(sharesBefore[i]))
                * int256(uint256(price.issueMicro));
        }
    }

    /// @dev Each funder gets its floor, and one more when fewer funders than points are left over stand before it, by remainder and place.
    function _sharesOf(uint256 campaign, uint256 points) private view returns (uint256[] memory shares) {
        Funder[] storage all = funders[campaign];
        shares = new uint256[](all.length);
        uint256 leftOver = points;
        for (uint256 i = 0; i < all.length; ++i) {
            shares[i] = points * all[i].shareBps / 10_000;
            leftOver -= shares[i];
        }
        for (uint256 i = 0; i < all.length; ++i) {
            uint256 own = points * all[i].shareBps % 10_000;
            uint256 before = 0;
            for (uint256 j = 0; j < all.length; ++j) {
                uint256 other = points * all[j].shareBps % 10_000;
                if (other > own || (other == own && j < i)) ++before;
            }
            if (before < leftOver) ++shares[i];
        }
    }

    // ---------------------------------------------------------------- cycles

    function _foldStatement(Vm.Log memory entry) private {
        int256[7] memory s = abi.decode(entry.data, (int256[7]));
        Settlement storage settlement = settled[uint256(entry.topics[2])];
        int256 net = s[0] + s[1] - s[2] - s[3];
        vm.assertEq(s[4], settlement.carriedMicro, "carried in is what was carried out");
        vm.assertEq(net + s[4], s[5] * UNIT_MICRO + s[6], "exact = payable + carried out");
        vm.assertTrue(s[6] <= UNIT_MICRO / 2 && s[6] >= -UNIT_MICRO / 2, "at most half a unit is carried");
        if (s[6] == UNIT_MICRO / 2 || s[6] == -UNIT_MICRO / 2) vm.assertEq(s[5] % 2, int256(0), "half to even");
        settlement.netMicro += net;
        settlement.carriedMicro = s[6];
        settlement.payableMinor += s[5];
    }

    /// @dev It ends the transaction: the book stands where the ledger does.
    function _checkPosition(Vm.Log memory entry) private view {
        int256[4] memory told = abi.decode(entry.data, (int256[4]));
        Lines memory book = lines[uint256(entry.topics[1])];
        vm.assertEq(told[0], book.base, "base");
        vm.assertEq(told[1], book.bonus, "bonus");
        vm.assertEq(told[2], book.credit, "credit");
        vm.assertEq(told[3], book.reimbursed, "reimbursed");
    }
}
