// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CoalitionWorld} from "./CoalitionWorld.sol";
import {PartnerView} from "../../src/interfaces/IPointsLedger.sol";

/// @notice Everything that moves a member's points. Each action foretells its outcome, reason included, and holds the ledger to it.
abstract contract MemberActions is CoalitionWorld {
    uint256 private constant POINTS_MOST = 4_000_000_000;

    function _isAmount(uint256 points) private pure returns (bool) {
        return points > 0 && points <= POINTS_MOST;
    }

    // ---------------------------------------------------------------- earning

    function buy(uint256 seed_) public {
        _begin(seed_);
        uint16 partner = _anyPartner();
        uint256 member = _anyMember();
        uint40 spend = uint40(_isOneOf(24) ? _roll(1_000_000_000_010) : 1 + _roll(30_000));
        uint24 late = _isOneOf(3) ? uint24(_roll(LATE_DAYS + 2)) : 0;
        PartnerView memory p = ledger.partnerOf(partner);
        uint256 points = uint256(spend) * p.earnRate / 100;
        bytes32 reason;
        if (p.suspended) reason = "partner_suspended";
        else if (spend == 0 || spend > 1_000_000_000_000 || points > POINTS_MOST) reason = "invalid_amount";
        else if (late > LATE_DAYS) reason = "posted_too_late";
        else reason = _creditRefusal(partner, points * p.issuePriceMicro);

        int256 worth = _worth(member);
        uint24 day = ledger.today() - late;
        _send(_submitter(partner), _purchaseOn(partner, member, spend, late == 0 ? TODAY : day));
        if (!_expect("purchase", reason)) return;
        if (late > 0) _count("purchase posted late");
        if (told.bonusPoints > 0) _count("bonus");
        _expectWorth("purchase", member, worth + int256(points + told.bonusPoints));
        uint32 sequence = lastSequence[_submitter(partner)];
        bought.push(Bought(partner, member, uint24(told.lot), sequence, spend, day));
    }

    function grant(uint256 seed_) public {
        _begin(seed_);
        uint16 partner = uint16(_roll(PARTNERS + 1));
        uint256 member = _anyMember();
        uint32 points = _anyPoints(5000);
        PartnerView memory p = ledger.partnerOf(partner);
        bytes32 reason;
        if (p.suspended) reason = "partner_suspended";
        else if (!_isAmount(points)) reason = "invalid_amount";
        else reason = _creditRefusal(partner, uint256(points) * p.issuePriceMicro);

        int256 worth = _worth(member);
        _send(_submitter(partner), _grant(_submitter(partner), member, points));
        if (_expect("grant", reason)) _expectWorth("grant", member, worth + int256(uint256(points)));
    }

    // ---------------------------------------------------------------- giving back

    function giveBack(uint256 seed_) public {
        _begin(seed_);
        if (bought.length == 0) return buy(seed_);
        uint256 index = _roll(bought.length);
        Bought memory b = bought[index];
        uint16 partner = _isOneOf(20) ? _anyPartner() : b.partner;
        uint40 spend = uint40(_isOneOf(3) ? b.kept : _roll(uint256(b.kept) + 2));
        bool isLate = ledger.today() > b.day + WINDOW_DAYS;
        bytes32 reason;
        if (spend == 0 || spend > 1_000_000_000_000) reason = "invalid_amount";
        else if (partner != b.partner) reason = "not_your_operation";
        else if (isLate) reason = "return_too_late";
        else if (spend > b.kept) reason = "return_exceeds_purchase";

        int256 worth = _worth(b.member);
        _send(_submitter(partner), _return(partner, b.member, b.lot, b.sequence, spend));
        if (_expect("return", reason)) {
            if (told.clawedBackPoints > 0) _count("claw-back");
            _expectWorth("return", b.member, worth - int256(_pointsOf(b, spend) + told.clawedBackPoints));
            bought[index].kept -= spend;
            if (ledger.accountOf(_member(b.member)).debt > 0) _count("debt left");
        }
        if (isLate || bought[index].kept == 0) {
            bought[index] = bought[bought.length - 1];
            bought.pop();
        }
    }

    /// @dev At the rate of the lot's terms, whatever the partner's is now.
    function _pointsOf(Bought memory b, uint40 spend) private view returns (uint256) {
        uint256 rate = rateOfTerms[lotTerms[_member(b.member)][b.lot]];
        return uint256(b.kept) * rate / 100 - uint256(b.kept - spend) * rate / 100;
    }

    function refund(uint256 seed_) public {
        _begin(seed_);
        if (spent.length == 0) return redeem(seed_);
        uint256 index = _roll(spent.length);
        Claim memory c = spent[index];
        uint32 points = _anyPoints(c.points);
        bool isLate = ledger.today() > c.day + WINDOW_DAYS;
        bytes32 reason;
        if (!_isAmount(points)) reason = "invalid_amount";
        else if (isLate) reason = "return_too_late";
        else if (points > c.points) reason = "refund_exceeds_redemption";

        int256 worth = _worth(c.member);
        _send(_submitter(c.partner), _refund(c.partner, c.member, c.nonce, c.sequence, points));
        if (_expect("refund", reason)) {
            _expectWorth("refund", c.member, worth + int256(uint256(points)));
            spent[index].points -= points;
        }
        if (isLate || spent[index].points == 0) _drop(spent, index);
    }

    // ---------------------------------------------------------------- spending

    function redeem(uint256 seed_) public {
        _begin(seed_);
        uint16 partner = _anyPartner();
        uint256 member = _anyMember();
        uint32 points = _anyPoints(_available(member));
        bytes32 reason = _refusalToSpend(partner, member, points);

        int256 worth = _worth(member);
        _send(_submitter(partner), _redeem(partner, member, points));
        if (!_expect("redeem", reason)) return;
        _expectWorth("redeem", member, worth - int256(uint256(points)));
        spent.push(_claim(partner, member, points, ledger.today()));
    }

    function _refusalToSpend(uint16 partner, uint256 member, uint32 points) private view returns (bytes32) {
        if (ledger.partnerOf(partner).suspended) return "partner_suspended";
        if (!_isAmount(points)) return "invalid_amount";
        bytes32 reason = _spendRefusal(member);
        if (reason != 0) return reason;
        return points > _available(member) ? bytes32("insufficient_points") : bytes32(0);
    }

    /// @dev Of the operation just settled.
    function _claim(uint16 partner, uint256 member, uint32 points, uint24 day) private view returns (Claim memory) {
        return Claim(partner, member, lastNonce[_member(member)], lastSequence[_submitter(partner)], points, day);
    }

    function hold(uint256 seed_) public {
        _begin(seed_);
        uint16 partner = _anyPartner();
        uint256 member = _anyMember();
        uint32 points = _anyPoints(_available(member));
        uint24 day = ledger.today() + uint24(_roll(20));
        bytes32 reason = _refusalToSpend(partner, member, points);
        if (reason != "partner_suspended" && reason != "invalid_amount" && _isOneOf(20)) {
            day = ledger.today() - 1;
            reason = "hold_expired";
        }

        int256 worth = _worth(member);
        _send(_submitter(partner), _hold(partner, member, points, day));
        if (!_expect("hold", reason)) return;
        _expectWorth("hold", member, worth);
        pending.push(_claim(partner, member, points, day));
    }

    function capture(uint256 seed_) public {
        _begin(seed_);
        if (pending.length == 0) return hold(seed_);
        uint256 index = _roll(pending.length);
        Claim memory c = pending[index];
        uint32 points = _anyPoints(c.points);
        bool isOver = c.day < ledger.today();
        bytes32 reason;
        if (!_isAmount(points)) reason = "invalid_amount";
        else if (isOver) reason = "hold_expired";
        else if (points > c.points) reason = "capture_exceeds_hold";

        _touchNow(c.member);
        int256 worth = _worth(c.member);
        _send(_submitter(c.partner), _capture(c.partner, c.member, c.nonce, c.sequence, points));
        bool isApplied = _expect("capture", reason);
        if (isApplied) {
            // Touched before: what expires now is what the hold had kept alive beyond its lot.
            if (told.expiredPoints > 0) _count("freed points lapse");
            _expectWorth("capture", c.member, worth - int256(points + told.expiredPoints));
            spent.push(Claim(c.partner, c.member, c.nonce, lastSequence[_submitter(c.partner)], points, ledger.today()));
        }
        if (isApplied || isOver) _drop(pending, index);
    }

    function void(uint256 seed_) public {
        _begin(seed_);
        if (pending.length == 0) return hold(seed_);
        uint256 index = _roll(pending.length);
        Claim memory c = pending[index];
        bool isOver = c.day < ledger.today();

        _touchNow(c.member);
        int256 worth = _worth(c.member);
        _send(_submitter(c.partner), _void(c.partner, c.member, c.nonce, c.sequence));
        if (_expect("void", isOver ? bytes32("hold_expired") : bytes32(0))) {
            _expectWorth("void", c.member, worth - int256(told.expiredPoints));
        }
        _drop(pending, index);
    }

    function transfer(uint256 seed_) public {
        _begin(seed_);
        uint256 member = _anyMember();
        uint256 to = _anyMember();
        uint32 points = _anyPoints(_available(member));
        bytes32 reason = !_isAmount(points) ? bytes32("invalid_amount") : _spendRefusal(member);
        if (reason != "invalid_amount" && member == to) reason = "same_member";
        if (reason == 0 && points > _available(member)) reason = "insufficient_points";

        int256 worth = _worth(member);
        int256 worthOfReceiver = _worth(to);
        _send(ATTESTER, _transfer(member, to, points));
        if (!_expect("transfer", reason)) return;
        _expectWorth("transfer", member, worth - int256(uint256(points)));
        vm.assertEq(told.lotReceivedPoints, points, "all that was sent was received");
        int256 gained = _worth(to) - worthOfReceiver;
        vm.assertTrue(gained <= int256(uint256(points)), "no more than was sent");
        // Points that only a hold kept beyond their lot's last day lapse where nothing holds them.
        vm.assertTrue(gained >= int256(uint256(points) - told.lapsedReceivedPoints), "no less than still lives");
    }
}
