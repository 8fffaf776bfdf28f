// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

import {LedgerFixture} from "./LedgerFixture.sol";
import {Submission} from "../src/interfaces/IPointsLedger.sol";
import {Vm} from "./Test.sol";

/// @notice What tools that know only ERC-20, EIP-165 and EIP-5267 see.
contract Erc20Test is LedgerFixture {
    struct Moved {
        address from;
        address to;
        uint256 points;
    }

    mapping(address => uint256) private balances;
    uint256 private supply;

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _admit(2, 10_000, 8000, 100);
        _enrol(1);
        _enrol(2);
    }

    function _moves() private returns (Moved[] memory moves) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        moves = new Moved[](logs.length);
        uint256 count = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IERC20.Transfer.selector) continue;
            address from = address(uint160(uint256(logs[i].topics[1])));
            address to = address(uint160(uint256(logs[i].topics[2])));
            moves[count++] = Moved(from, to, abi.decode(logs[i].data, (uint256)));
        }
        assembly ("memory-safe") {
            mstore(moves, count)
        }
    }

    function _assertMove(uint32 submitter, bytes memory operation, address from, address to, uint256 points) private {
        vm.recordLogs();
        _settle(submitter, operation);
        Moved[] memory moves = _moves();
        vm.assertEq(moves.length, 1, "one Transfer");
        vm.assertEq(moves[0].from, from, "from");
        vm.assertEq(moves[0].to, to, "to");
        vm.assertEq(moves[0].points, points, "points");
        if (from == address(0)) supply += points;
        else balances[from] -= points;
        if (to == address(0)) supply -= points;
        else balances[to] += points;
        vm.assertEq(IERC20(address(ledger)).balanceOf(_member(1)), balances[_member(1)], "sum of Transfers");
        vm.assertEq(IERC20(address(ledger)).balanceOf(_member(2)), balances[_member(2)], "sum of Transfers");
        vm.assertEq(IERC20(address(ledger)).totalSupply(), supply, "supply");
    }

    function test_EveryMoveIsOneTransfer() public {
        address one = _member(1);
        _assertMove(_submitter(1), _purchase(1, 1, 1000), address(0), one, 1000);
        uint32 sold = lastSequence[_submitter(1)];
        _assertMove(0, _grant(0, 1, 50), address(0), one, 50);
        _assertMove(_submitter(2), _redeem(2, 1, 100), one, address(0), 100);
        uint32 redeemed = lastSequence[_submitter(2)];
        _assertMove(_submitter(2), _refund(2, 1, 1, redeemed, 30), address(0), one, 30);
        _assertMove(ATTESTER, _transfer(1, 2, 200), one, _member(2), 200);
        _assertMove(_submitter(1), _return(1, 1, 0, sold, 300), one, address(0), 300);
        _settle(_submitter(1), _hold(1, 1, 40, FIRST_DAY));
        _assertMove(_submitter(1), _capture(1, 1, 3, lastSequence[_submitter(1)], 40), one, address(0), 40);
    }

    function test_ExpiryAndRepaymentAreTransfersToNobody() public {
        _settle(_submitter(1), _purchase(1, 1, 100));
        uint32 sold = lastSequence[_submitter(1)];
        _settle(_submitter(1), _redeem(1, 1, 100));
        _settle(_submitter(1), _return(1, 1, 0, sold, 60));
        vm.recordLogs();
        _settle(_submitter(1), _purchase(1, 1, 100));
        Moved[] memory moves = _moves();
        vm.assertTrue(moves.length == 2 && moves[0].to == _member(1) && moves[0].points == 100, "earned");
        vm.assertTrue(moves[1].to == address(0) && moves[1].points == 60, "repaid");
        _pass(31);
        vm.recordLogs();
        ledger.touchThrough(_member(1), ledger.today());
        moves = _moves();
        vm.assertTrue(moves.length == 1 && moves[0].from == _member(1) && moves[0].to == address(0), "expired");
        vm.assertEq(moves[0].points, 40, "expired");
        vm.assertEq(ledger.totalSupply(), 0, "supply");
    }

    function test_HoldsAndEmptyPurchasesMoveNothing() public {
        _settle(_submitter(1), _purchase(1, 1, 1000));
        _reprice(2, 1, 1, 0);
        vm.recordLogs();
        _settle(_submitter(1), _hold(1, 1, 40, FIRST_DAY));
        _settle(_submitter(1), _void(1, 1, 1, lastSequence[_submitter(1)]));
        _settle(_submitter(2), _purchase(2, 1, 5));
        vm.assertEq(_moves().length, 0, "none");
    }

    function test_TellsNameSymbolAndDecimals() public view {
        IERC20Metadata token = IERC20Metadata(address(ledger));
        vm.assertEq(token.name(), "Test Points", "name");
        vm.assertEq(token.symbol(), "TST", "symbol");
        vm.assertEq(token.decimals(), 0, "whole points");
    }

    /// @dev Points move only through operations: there is no way around them.
    function test_RevertWhen_MovedAsAToken() public {
        _settle(_submitter(1), _purchase(1, 1, 1000));
        IERC20 token = IERC20(address(ledger));
        vm.prank(_member(1));
        vm.expectRevert();
        token.transfer(_member(2), 1);
        vm.prank(_member(1));
        vm.expectRevert();
        token.approve(address(this), 1);
        vm.expectRevert();
        token.transferFrom(_member(1), _member(2), 1);
    }

    function test_SupportsWhatItSays() public view {
        IERC165 ledger_ = IERC165(address(ledger));
        vm.assertTrue(ledger_.supportsInterface(type(IERC165).interfaceId), "EIP-165");
        vm.assertTrue(ledger_.supportsInterface(type(IERC5267).interfaceId), "EIP-5267");
        vm.assertTrue(ledger_.supportsInterface(type(IERC20Metadata).interfaceId), "names");
        vm.assertTrue(!ledger_.supportsInterface(type(IERC20).interfaceId), "no transfers of tokens");
        vm.assertTrue(!ledger_.supportsInterface(0xffffffff), "never");
    }

    function test_DomainFollowsTheChain() public {
        (bytes1 fields, string memory name, string memory version, uint256 chainId, address contract_, bytes32 salt,) =
            ledger.eip712Domain();
        vm.assertTrue(fields == 0x0f && salt == 0, "name, version, chain and contract");
        vm.assertEq(name, "Points Coalition", "name");
        vm.assertEq(version, "1", "version");
        vm.assertEq(contract_, address(ledger), "contract");
        bytes32 separator = ledger.domainSeparator();
        bytes memory signedHere = _purchase(1, 1, 10);
        vm.chainId(chainId + 1);
        vm.assertTrue(separator != ledger.domainSeparator(), "a fork has another one");
        (,,, uint256 forked,,,) = ledger.eip712Domain();
        vm.assertEq(forked, chainId + 1, "told");
        vm.chainId(chainId);
        _apply(_submitter(1), signedHere);
    }

    function test_rejects_WhatWasSignedForAnotherChain() public {
        (,,, uint256 chainId,,,) = ledger.eip712Domain();
        Submission[] memory batch = new Submission[](1);
        vm.chainId(chainId + 1);
        batch[0] = _submission(_submitter(1), _purchase(1, 1, 10));
        vm.chainId(chainId);
        vm.recordLogs();
        ledger.settle(batch);
        bytes32[] memory reasons = _reasons();
        vm.assertTrue(reasons.length == 1 && reasons[0] == "bad_signature", "a foreign domain");
        vm.assertEq(ledger.balanceOf(_member(1)), 0, "nothing");
    }
}
