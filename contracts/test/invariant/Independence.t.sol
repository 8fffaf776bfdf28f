// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CoalitionWorld} from "./CoalitionWorld.sol";
import {MemberBook} from "./MemberBook.sol";
import {OperatorActions} from "./OperatorActions.sol";
import {Vm} from "../Test.sol";
import {CampaignTerms, Submission} from "../../src/interfaces/IPointsLedger.sol";

/// @notice The same operations, cut into other submissions and batches, by other relays, with touches in between, leave the same state and
/// the same history of every member, partner and campaign.
contract IndependenceTest is OperatorActions {
    /// @dev An operation as it was signed, and the block time at which it settled.
    struct Step {
        uint256 time;
        uint32 submitter;
        bytes operation;
    }

    uint256 private constant ACTIONS = 48;

    Step[] private steps;
    /// @dev Which operations were refused, and why, in any order.
    uint256 private refusalSum;

    function setUp() public override {
        super.setUp();
        // With a budget that does not run out: whether it does may depend on when a touch recovers points.
        for (uint16 i = 0; i < 2; ++i) {
            CampaignTerms memory terms = _campaign(PARTNERS - i, 700, 1_000_000);
            terms.closesDay = terms.opensDay + 20;
            terms.stages[0].partnersRequired = 2;
            vm.recordLogs();
            _open(terms);
            _foldRecorded();
        }
        _nextDay();
    }

    function _sendAll(Submission[] memory batch) internal override(CoalitionWorld) {
        super._sendAll(batch);
        for (uint256 i = 0; i < batch.length; ++i) {
            steps.push(Step(vm.getBlockTimestamp(), batch[i].submitter, batch[i].operations));
        }
    }

    function _fold(Vm.Log memory entry) internal override(MemberBook) {
        super._fold(entry);
        if (entry.topics[0] == OperationRejected.selector) {
            unchecked {
                refusalSum += uint256(keccak256(abi.encode(entry.topics[1], entry.data)));
            }
        }
    }

    /// forge-config: default.fuzz.runs = 24
    /// forge-config: ci.fuzz.runs = 8
    /// forge-config: coverage.fuzz.runs = 2
    /// forge-config: long.fuzz.runs = 500
    function testFuzz_HistoryIsTheSameHoweverItIsRelayed(uint256 seed) public {
        uint256 start = vm.snapshotState();
        _act(seed);
        Step[] memory all = steps;
        bytes32 before = _digestOfAll();
        uint256 supply = ledger.totalSupply();
        uint256 end = vm.getBlockTimestamp();
        vm.revertToState(start);

        _relayDifferently(seed, all);
        vm.warp(end);
        vm.assertEq(_digestOfAll(), before, "state and history");
        vm.assertEq(ledger.totalSupply(), supply, "supply");
    }

    function _act(uint256 seed) private {
        for (uint256 i = 0; i < ACTIONS; ++i) {
            uint256 action = uint256(keccak256(abi.encode(seed, "action", i)));
            uint256 roll = (action >> 128) % 16;
            if (roll < 5) buy(action);
            else if (roll == 5) grant(action);
            else if (roll < 8) giveBack(action);
            else if (roll == 8) redeem(action);
            else if (roll == 9) refund(action);
            else if (roll < 12) hold(action);
            else if (roll == 12) capture(action);
            else if (roll == 13) void(action);
            else if (roll == 14) transfer(action);
            else pass(action);
        }
    }

    /// @dev Neighbours of one submitter may share a submission, neighbours in time a batch.
    function _relayDifferently(uint256 seed, Step[] memory all) private {
        _begin(uint256(keccak256(abi.encode(seed, "relay"))));
        uint256 i = 0;
        while (i < all.length) {
            if (vm.getBlockTimestamp() < all[i].time) vm.warp(all[i].time);
            Submission[] memory batch = new Submission[](1 + _roll(6));
            uint256 count = 0;
            while (count < batch.length && i < all.length && all[i].time == vm.getBlockTimestamp()) {
                uint32 submitter = all[i].submitter;
                bytes memory operations = all[i++].operation;
                while (
                    i < all.length && all[i].time == vm.getBlockTimestamp() && all[i].submitter == submitter
                        && !_isOneOf(3)
                ) {
                    operations = bytes.concat(operations, all[i++].operation);
                }
                batch[count++] = _submission(submitter, operations);
            }
            assembly ("memory-safe") {
                mstore(batch, count)
            }
            super._sendAll(batch);
            if (_isOneOf(2)) _touchAny();
        }
    }

    function _touchAny() private {
        uint256 member = _anyMember();
        vm.recordLogs();
        ledger.touchThrough(_member(member), ledger.today() - uint24(_roll(3)));
        _foldRecorded();
        if (_isOneOf(2)) _touchNow(_anyMember());
    }

    /// @dev All accounts are touched first: what is due counts either way.
    function _digestOfAll() private returns (bytes32 digest) {
        for (uint256 m = 1; m <= MEMBERS; ++m) {
            _touchNow(m);
        }
        digest = keccak256(abi.encode(refusalSum, ledger.totals()));
        for (uint256 m = 1; m <= MEMBERS; ++m) {
            address id = _member(m);
            bytes memory account = abi.encode(ledger.accountOf(id), ledger.lotsOf(id), ledger.holdsOf(id));
            bytes memory rest = abi.encode(ledger.debtsOf(id), ledger.memberOf(id), flows[id]);
            digest = keccak256(bytes.concat(digest, account, rest));
        }
        for (uint16 p = 1; p <= PARTNERS; ++p) {
            digest = keccak256(abi.encode(digest, ledger.positionOf(p), lines[p]));
        }
        for (uint16 c = 1; c <= campaignsOpened; ++c) {
            digest = keccak256(abi.encode(digest, ledger.campaignOf(c), awardedPoints[c], recoveredPoints[c]));
            for (uint256 m = 1; m <= MEMBERS; ++m) {
                digest = keccak256(abi.encode(digest, ledger.progressOf(c, _member(m))));
            }
        }
    }
}
