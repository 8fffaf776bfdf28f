// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerFixture} from "../LedgerFixture.sol";
import {MemberBook} from "./MemberBook.sol";
import {AccountView, ProgramTerms, Submission} from "../../src/interfaces/IPointsLedger.sol";

/// @notice A small coalition: who is in it, what was bought, spent and held, and how an action is rolled, sent and judged.
abstract contract CoalitionWorld is MemberBook {
    struct Bought {
        uint16 partner;
        uint256 member;
        uint24 lot;
        uint32 sequence;
        uint40 kept;
        uint24 day;
    }

    /// @dev A pending hold, or a redemption or capture with `points` that can still be refunded.
    struct Claim {
        uint16 partner;
        uint256 member;
        uint24 nonce;
        uint32 sequence;
        uint32 points;
        uint24 day;
    }

    uint16 internal constant PARTNERS = 3;
    uint256 internal constant MEMBERS = 4;
    uint24 internal constant VALIDITY_DAYS = 6;
    uint24 internal constant WINDOW_DAYS = 5;
    uint24 internal constant LATE_DAYS = 2;
    uint256 internal constant CARRIED_MAX = 24;

    Bought[] internal bought;
    Claim[] internal spent;
    Claim[] internal pending;
    mapping(uint256 member => bool) internal isFrozen;
    mapping(uint256 member => bool) internal isLocked;

    Submission[] internal carried;
    uint256 private nextCarried;
    uint256 private seed;
    uint256 private rolls;

    mapping(bytes32 kind => uint256) internal applied;
    mapping(bytes32 kind => uint256) internal refused;

    function setUp() public virtual override(LedgerFixture) {
        vm.recordLogs();
        super.setUp();
        _admit(1, 9999, 8003, 100);
        _admit(2, 10_007, 7001, 73);
        _admit(3, 5333, 8999, 250);
        for (uint256 m = 1; m <= MEMBERS; ++m) {
            _enrol(m);
        }
        _foldRecorded();
    }

    function _programTerms() internal view override returns (ProgramTerms memory terms) {
        terms = super._programTerms();
        terms.lotValidityDays = VALIDITY_DAYS;
        terms.returnWindowDays = WINDOW_DAYS;
        terms.latePostingDays = LATE_DAYS;
    }

    // ---------------------------------------------------------------- rolling

    function _begin(uint256 seed_) internal {
        seed = seed_;
        rolls = 0;
    }

    /// @dev 0 … sides − 1.
    function _roll(uint256 sides) internal returns (uint256) {
        return uint256(keccak256(abi.encode(seed, ++rolls))) % sides;
    }

    function _isOneOf(uint256 sides) internal returns (bool) {
        return _roll(sides) == 0;
    }

    function _anyPartner() internal returns (uint16) {
        return uint16(1 + _roll(PARTNERS));
    }

    function _anyMember() internal returns (uint256) {
        return 1 + _roll(MEMBERS);
    }

    /// @dev Mostly what fits, at times all of it, nothing, one too many, or the most that there is.
    function _anyPoints(uint256 most) internal returns (uint32) {
        uint256 roll = _roll(20);
        if (roll == 0) return 0;
        if (roll == 1) return uint32(most + 1);
        if (roll == 2) return 4_000_000_001;
        if (roll < 6) return uint32(_atLeastOne(most));
        return uint32(1 + _roll(_atLeastOne(most)));
    }

    function _atLeastOne(uint256 value) internal pure returns (uint256) {
        if (value == 0) return 1;
        return value > 4_000_000_000 ? 4_000_000_000 : value;
    }

    // ---------------------------------------------------------------- sending

    function _relay() internal returns (address) {
        return address(uint160(0x7000 + _roll(5)));
    }

    /// @dev Settles by any relay, and folds what came of it.
    function _send(uint32 submitter, bytes memory operations) internal {
        Submission[] memory batch = new Submission[](1);
        batch[0] = _submission(submitter, operations);
        _sendAll(batch);
    }

    function _sendAll(Submission[] memory batch) internal virtual {
        address relay = _relay();
        vm.recordLogs();
        vm.prank(relay);
        ledger.settle(batch);
        _foldRecorded();
        for (uint256 i = 0; i < batch.length; ++i) {
            if (carried.length < CARRIED_MAX) carried.push(batch[i]);
            else carried[nextCarried++ % CARRIED_MAX] = batch[i];
        }
    }

    function _touchNow(uint256 member) internal {
        address[] memory members = new address[](1);
        members[0] = _member(member);
        vm.recordLogs();
        ledger.touch(members);
        _foldRecorded();
    }

    // ---------------------------------------------------------------- judging

    /// @dev What the last transaction said is what was foretold.
    function _expect(bytes32 kind, bytes32 reason) internal returns (bool isApplied) {
        vm.assertEq(
            told.reason,
            reason,
            string.concat(_text(kind), ": foretold '", _text(reason), "', got '", _text(told.reason), "'")
        );
        isApplied = reason == 0;
        if (isApplied) _count(kind);
        else ++refused[kind];
    }

    function _count(bytes32 kind) internal {
        ++applied[kind];
    }

    /// @dev What is left of a member's points when all debt is paid.
    function _worth(uint256 member) internal view returns (int256) {
        AccountView memory account = ledger.accountOf(_member(member));
        return int256(uint256(account.available) + account.held) - int256(uint256(account.debt));
    }

    function _expectWorth(bytes32 kind, uint256 member, int256 worth) internal view {
        vm.assertEq(_worth(member), worth, string.concat(_text(kind), ": worth"));
    }

    /// @dev Why this member could not spend, before points and signature are looked at; 0 when it can.
    function _spendRefusal(uint256 member) internal view returns (bytes32) {
        if (isFrozen[member]) return "member_frozen";
        return isLocked[member] ? bytes32("member_locked") : bytes32(0);
    }

    /// @dev Why this partner may not issue points worth this much.
    function _creditRefusal(uint16 partner, uint256 chargeMicro) internal view returns (bytes32) {
        uint96 limit = ledger.partnerOf(partner).limits.creditLimitMicro;
        // No limits were ever set: all of them are 0.
        if (limit == 0 || limit == type(uint96).max) return 0;
        (, int256 exposureMicro) = ledger.unpaidOf(partner);
        return
            exposureMicro + int256(chargeMicro) > int256(uint256(limit)) ? bytes32("credit_limit_exceeded") : bytes32(0);
    }

    function _drop(Claim[] storage claims, uint256 index) internal {
        claims[index] = claims[claims.length - 1];
        claims.pop();
    }
}
