// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "./Test.sol";
import {Account, Accounts} from "../src/libraries/Accounts.sol";
import {Ledger, LedgerState} from "../src/libraries/LedgerStorage.sol";
import {Lot, newLot} from "../src/libraries/Lot.sol";
import {MinorUnits} from "../src/libraries/MinorUnits.sol";
import {Shares} from "../src/libraries/Shares.sol";

/// @notice Rounding, shares, and the two ways to issue a lot.
contract ArithmeticTest is Test, LedgerState {
    using Accounts for Account;

    function test_RoundsHalfToEven() public pure {
        int256[8] memory exact = [int256(15_000), 25_000, -15_000, -25_000, 14_999, 15_001, 0, -5000];
        int256[8] memory minor = [int256(2), 2, -2, -2, 1, 2, 0, 0];
        for (uint256 i = 0; i < 8; ++i) {
            (int256 rounded, int256 residual) = MinorUnits.roundHalfEven(exact[i], 10_000);
            vm.assertEq(rounded, minor[i], "minor");
            vm.assertEq(rounded * 10_000 + residual, exact[i], "residual");
        }
    }

    function testFuzz_RoundingCarriesTheResidual(int128 exact, uint8 decimals) public pure {
        int256 unit = int256(MinorUnits.microPerMinor(decimals % 4));
        (int256 minor, int256 residual) = MinorUnits.roundHalfEven(exact, unit);
        vm.assertEq(minor * unit + residual, int256(exact), "nothing is lost");
        vm.assertTrue(2 * residual <= unit && 2 * residual >= -unit, "half a unit at most");
        if (2 * residual == unit || 2 * residual == -unit) vm.assertTrue(minor % 2 == 0, "ties to even");
    }

    function test_SharesGoToTheLargestRemaindersAndTiesToTheFirst() public pure {
        uint256[] memory bps = new uint256[](3);
        (bps[0], bps[1], bps[2]) = (5000, 3000, 2000);
        uint256[] memory shares = Shares.split(1001, bps);
        vm.assertEq(shares[0], 501, "500.5");
        vm.assertEq(shares[1], 300, "300.3");
        vm.assertEq(shares[2], 200, "200.2");
        (bps[0], bps[1], bps[2]) = (2500, 5000, 2500);
        shares = Shares.split(2, bps);
        vm.assertEq(shares[0], 1, "a tie of 0.5 with the last goes to the first");
        vm.assertEq(shares[1], 1, "1");
        vm.assertEq(shares[2], 0, "0.5");
    }

    function testFuzz_SharesSumAndStayWithinOne(uint64 points, uint16[8] memory weights) public pure {
        uint256[] memory bps = new uint256[](8);
        uint256 left = 10_000;
        for (uint256 i = 0; i < 7; ++i) {
            bps[i] = uint256(weights[i]) % (left + 1);
            left -= bps[i];
        }
        bps[7] = left;
        uint256[] memory shares = Shares.split(points, bps);
        uint256 sum = 0;
        for (uint256 i = 0; i < 8; ++i) {
            sum += shares[i];
            uint256 floor = uint256(points) * bps[i] / 10_000;
            vm.assertTrue(shares[i] == floor || shares[i] == floor + 1, "within one of the exact share");
        }
        vm.assertEq(sum, points, "all points");
    }

    /// @dev The short way to issue a lot leaves the very words that the full way leaves.
    function testFuzz_PlainIssueEqualsIssue(uint256 seed, uint8 count) public {
        address plain = address(1);
        address full = address(2);
        uint256 day = 1000;
        for (uint256 i = 0; i < count; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            day += seed % 3;
            Lot lot = newLot((seed >> 8) % 5 == 0 ? 0 : (seed >> 16) % 4e9 + 1, (seed >> 64) % 1e12, 7, day, i % 9 + 1);
            Account memory a = Accounts.load(ledger, full);
            uint256 expected = Accounts.issue(ledger, a, lot);
            Accounts.store(ledger, a);
            uint256 index = Accounts.issuePlain(ledger, plain, lot, 900);
            vm.assertEq(index, expected, "number");
            vm.assertEq(ledger.heads[plain], ledger.heads[full], "head");
            vm.assertEq(ledger.lotPairs[plain][index >> 1], ledger.lotPairs[full][index >> 1], "pair");
            if (seed >> 250 > 50) {
                uint256 taken = (seed >> 128) % (a.balance + 1);
                _take(plain, taken);
                _take(full, taken);
            }
        }
    }

    function _take(address member, uint256 points) private {
        Account memory a = Accounts.load(ledger, member);
        Accounts.consume(ledger, a, points, type(uint256).max, 0);
        Accounts.store(ledger, a);
    }
}
