// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberActions} from "./MemberActions.sol";
import {
    AccountView,
    CampaignTerms,
    CampaignView,
    Funder,
    IPointsLedger,
    RiskLimits,
    Stage,
    Submission
} from "../../src/interfaces/IPointsLedger.sol";

/// @notice Campaigns, partners, clearing and time, and what anyone may do: touch, relay again, relay in a crowd.
abstract contract OperatorActions is MemberActions {
    mapping(uint256 campaign => bool) private isPaused;
    mapping(uint256 campaign => uint24) private pauseDay;
    uint256 private paymentCount;

    // ---------------------------------------------------------------- campaigns

    function campaign(uint256 seed_) external {
        _begin(seed_);
        if (campaignsOpened == 0 || _isOneOf(3)) {
            _openAny();
            return;
        }
        uint16 id = uint16(1 + _roll(campaignsOpened));
        CampaignView memory c = ledger.campaignOf(id);
        uint24 today = ledger.today();
        vm.recordLogs();
        if (today > c.closesDay + LATE_DAYS) {
            ledger.releaseCampaign(id);
            _count("release");
        } else if (c.closesDay > today && _isOneOf(5)) {
            ledger.closeCampaignEarly(id, today);
            _count("close early");
        } else if (isPaused[id]) {
            pauseDay[id] = (pauseDay[id] > today ? pauseDay[id] : today) + 1;
            ledger.resumeCampaign(id, pauseDay[id]);
            isPaused[id] = false;
            _count("resume");
        } else {
            uint24 from = today + 1;
            if (pauseDay[id] > from) from = pauseDay[id];
            ledger.pauseCampaign(id, from);
            (isPaused[id], pauseDay[id]) = (true, from);
            _count("pause");
        }
        _foldRecorded();
    }

    function _openAny() internal {
        CampaignTerms memory terms = _anyCampaign();
        bytes[] memory signatures = _signedByFunders(terms);
        vm.recordLogs();
        // The only thing that may stand against it: a funder's limit.
        try ledger.openCampaign(terms, signatures) {
            _count("open");
        } catch (bytes memory failure) {
            vm.assertEq(bytes32(bytes4(failure)), bytes32(IPointsLedger.CreditLimitExceeded.selector), "a limit");
            vm.assertTrue(ledger.partnerOf(3).limits.creditLimitMicro > 0, "of the partner that has one");
            ++refused["open"];
        }
        _foldRecorded();
    }

    function _anyCampaign() private returns (CampaignTerms memory terms) {
        uint16 partnerCount = uint16(1 + _roll(PARTNERS));
        terms = _campaign(partnerCount, 1, uint64(1 + _roll(_isOneOf(2) ? 3000 : 100_000)));
        terms.closesDay = terms.opensDay + uint24(_roll(12));
        terms.priceMicro = uint32(_roll(20_000));
        terms.stages = new Stage[](1 + _roll(3));
        for (uint256 i = 0; i < terms.stages.length; ++i) {
            terms.stages[i] = Stage({
                bonusPoints: uint32(1 + _roll(2000)),
                partnersRequired: uint16(_roll(partnerCount + 1)),
                minSpendEach: uint64(_roll(5000)),
                minSpendTotal: uint64(_roll(20_000)),
                minVisits: uint32(_roll(4))
            });
        }
        // The operator pays a part of every other one.
        uint256 count = _isOneOf(2) ? partnerCount : partnerCount + 1;
        terms.funders = new Funder[](count);
        uint16 left = 10_000;
        for (uint16 i = 0; i < count; ++i) {
            uint16 share = i + 1 == count ? left : uint16(_roll(left + 1));
            terms.funders[i] = Funder({partner: i == partnerCount ? 0 : i + 1, shareBps: share});
            left -= share;
        }
    }

    // ---------------------------------------------------------------- partners and members

    function govern(uint256 seed_) external {
        _begin(seed_);
        uint16 partner = _anyPartner();
        uint256 roll = _roll(6);
        vm.recordLogs();
        if (roll == 0) {
            if (ledger.partnerOf(partner).suspended || _isOneOf(2)) _reinstateAll();
            else ledger.suspendPartner(partner);
            _count("suspend or reinstate");
        } else if (roll == 1) {
            _reprice(partner, uint32(_roll(20_000)), uint32(_roll(20_000)), uint16(_roll(400)));
            _count("reprice");
        } else if (roll == 2) {
            (, int256 exposureMicro) = ledger.unpaidOf(3);
            uint96 limit =
                _isOneOf(2) ? type(uint96).max : uint96(uint256((exposureMicro > 0 ? exposureMicro : int256(1)) + 1e9));
            ledger.setLimits(3, RiskLimits(limit, type(uint32).max, type(uint48).max, type(uint48).max));
            _count("limit");
        } else {
            _guard(_anyMember());
        }
        _foldRecorded();
    }

    function _reinstateAll() private {
        for (uint16 p = 1; p <= PARTNERS; ++p) {
            ledger.reinstatePartner(p);
        }
    }

    /// @dev Freezes and locks are lifted soon: what is refused tells little.
    function _guard(uint256 member) private {
        if (isFrozen[member]) {
            ledger.unfreezeMember(_member(member));
            isFrozen[member] = false;
        } else if (isLocked[member]) {
            _send(ATTESTER, _unlocking(member));
            isLocked[member] = !_expect("unlock", 0);
        } else if (_isOneOf(2)) {
            ledger.freezeMember(_member(member), 9);
            isFrozen[member] = true;
            _count("freeze");
        } else {
            _send(ATTESTER, _framed(0x13, ATTESTER, abi.encodePacked(_member(member))));
            isLocked[member] = _expect("lock", 0);
        }
    }

    function _unlocking(uint256 member) private returns (bytes memory) {
        uint24 nonce = ++lastNonce[_member(member)];
        bytes32 typehash = keccak256("Unlock(address member,uint24 nonce,uint48 deadline)");
        bytes32 digest = _digest(keccak256(abi.encode(typehash, _member(member), nonce, NO_DEADLINE)));
        bytes memory signature = _sign(_memberKey(member), digest);
        bytes memory authorisation = abi.encodePacked(uint8(1), nonce, NO_DEADLINE, uint32(0), signature);
        return _framed(0x14, ATTESTER, abi.encodePacked(_member(member), authorisation));
    }

    // ---------------------------------------------------------------- clearing

    function clear(uint256 seed_) external {
        _begin(seed_);
        uint16 partner = _anyPartner();
        (int256 unpaidMinor,) = ledger.unpaidOf(partner);
        if (_isOneOf(3) || unpaidMinor == 0) {
            vm.recordLogs();
            ledger.closeCycle();
            if (_isOneOf(2)) ledger.issueStatements(_allPartners());
            _foldRecorded();
            _count("close cycle");
        } else if (unpaidMinor > 0) {
            _pay(partner, uint64(1 + _roll(uint256(unpaidMinor))));
        } else {
            _bePaid(partner, uint64(1 + _roll(uint256(-unpaidMinor))));
        }
    }

    function _allPartners() private pure returns (uint16[] memory partners) {
        partners = new uint16[](PARTNERS);
        for (uint16 i = 0; i < PARTNERS; ++i) {
            partners[i] = i + 1;
        }
    }

    function _pay(uint16 partner, uint64 amountMinor) private {
        _send(
            _submitter(partner), _framed(0x20, _submitter(partner), abi.encodePacked(amountMinor, bytes32("transfer")))
        );
        _expect("partner's payment", 0);
        _confirm(uint32(++paymentCount), partner, int256(uint256(amountMinor)));
    }

    function _confirm(uint32 payment, uint16 partner, int256 paidMinor) private {
        vm.recordLogs();
        ledger.confirmPayment(payment);
        _foldRecorded();
        settled[partner].paidMinor += paidMinor;
    }

    function _bePaid(uint16 partner, uint64 amountMinor) private {
        vm.recordLogs();
        uint32 payment = ledger.recordPayment(partner, amountMinor, "transfer");
        _foldRecorded();
        vm.assertEq(payment, ++paymentCount, "numbered");
        uint16 other = partner % PARTNERS + 1;
        _send(_submitter(other), _framed(0x21, _submitter(other), abi.encodePacked(payment)));
        _expect("foreign confirmation", "unknown_payment");
        _send(_submitter(partner), _framed(0x21, _submitter(partner), abi.encodePacked(payment)));
        if (_expect("operator's payment", 0)) settled[partner].paidMinor -= int256(uint256(amountMinor));
    }

    // ---------------------------------------------------------------- time, and what anyone may do

    function pass(uint256 seed_) public {
        _begin(seed_);
        vm.warp(vm.getBlockTimestamp() + (_isOneOf(12) ? _roll(10 days) : _roll(3 days)));
        _count("time");
    }

    function touch(uint256 seed_) external {
        _begin(seed_);
        uint256 member = _anyMember();
        AccountView memory before = ledger.accountOf(_member(member));
        if (_isOneOf(2)) {
            vm.recordLogs();
            ledger.touchThrough(_member(member), ledger.today() - uint24(_roll(4)));
            _foldRecorded();
        } else {
            _touchNow(member);
            vm.assertEq(ledger.balanceOf(_member(member)), uint256(before.available) + before.held, "posted");
        }
        AccountView memory now_ = ledger.accountOf(_member(member));
        vm.assertEq(now_.available, before.available, "a touch changes nothing available");
        vm.assertEq(now_.held, before.held, "nor held");
        vm.assertEq(now_.debt, before.debt, "nor owed");
        _count(told.expiredPoints > 0 ? bytes32("touch that expires") : bytes32("touch"));
    }

    function relayAgain(uint256 seed_) external {
        _begin(seed_);
        if (carried.length == 0) return;
        Submission[] memory batch = new Submission[](2);
        batch[0] = carried[_roll(carried.length)];
        batch[1] = carried[_roll(carried.length)];
        address relay = _relay();
        vm.recordLogs();
        vm.prank(relay);
        ledger.settle(batch);
        _foldRecorded();
        vm.assertEq(told.logs, 0, "what was delivered before says nothing and changes nothing");
        _count("relay again");
    }

    /// @dev A purchase and two grants stand between a foreign signature and broken bytes.
    function crowd(uint256 seed_) external {
        _begin(seed_);
        uint256 member = _anyMember();
        int256 worth = _worth(member);
        Submission[] memory batch = new Submission[](4);
        batch[0] = _submissionBy(4711, _submitter(1), NO_DEADLINE, _framedAs(0x09, type(uint32).max, ""));
        batch[1] = _submission(0, bytes.concat(_grant(0, member, 3), _framed(0x7f, 0, hex"00"), _grant(0, member, 4)));
        batch[2] = _submission(_submitter(2), hex"0000");
        batch[3] = _submission(0, _grant(0, member, 5));
        batch[1].gasAllowance = uint32(2_000_000 + _roll(1_000_000));
        vm.recordLogs();
        ledger.settle(batch);
        _foldRecorded();
        _expectWorth("crowd", member, worth + 12);
        _count("crowd");
    }
}
