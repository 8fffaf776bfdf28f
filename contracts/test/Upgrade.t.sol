// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {LedgerFixture} from "./LedgerFixture.sol";

/// @notice Who can replace the code, when, and what stays; and the roles apart from one another.
contract UpgradeTest is LedgerFixture {
    uint64 private constant OPERATOR_ROLE = 1;
    uint64 private constant PAUSER_ROLE = 2;
    uint64 private constant UPGRADER_ROLE = 3;
    uint64 private constant CLEARING_ROLE = 4;
    uint32 private constant DELAY_S = 3 days;
    bytes32 private constant IMPLEMENTATION_SLOT = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);

    address private constant OPERATOR = address(0x1001);
    address private constant PAUSER = address(0x1002);
    address private constant UPGRADER = address(0x1003);
    address private constant CLEARING_AGENT = address(0x1004);

    function setUp() public override {
        super.setUp();
        _admit(1, 10_000, 8000, 100);
        _enrol(1);
        _openTo(ledger.suspendPartner.selector, OPERATOR_ROLE, OPERATOR, 0);
        _openTo(ledger.setOperationPaused.selector, PAUSER_ROLE, PAUSER, 0);
        _openTo(UUPSUpgradeable.upgradeToAndCall.selector, UPGRADER_ROLE, UPGRADER, DELAY_S);
        _openTo(ledger.closeCycle.selector, CLEARING_ROLE, CLEARING_AGENT, 0);
    }

    /// @dev As `coalition deploy` does it (node_gateway/chain/roles.py).
    function _openTo(bytes4 selector, uint64 role, address holder, uint32 delayS) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(address(ledger), selectors, role);
        manager.grantRole(role, holder, delayS);
    }

    function _implementation() private view returns (address) {
        return address(uint160(uint256(vm.load(address(ledger), IMPLEMENTATION_SLOT))));
    }

    function _upgrade(address implementation) private pure returns (bytes memory) {
        return abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (implementation, ""));
    }

    // ---------------------------------------------------------------- upgrades

    function test_UpgradeIsScheduledWaitsAndKeepsEverything() public {
        uint32 sold = _apply(_submitter(1), _purchase(1, 1, 1000));
        uint32 placed = _apply(_submitter(1), _hold(1, 1, 200, FIRST_DAY + 9));
        address next = _deployCore();
        bytes memory call_ = _upgrade(next);
        bytes32 operation = manager.hashOperation(UPGRADER, address(ledger), call_);

        vm.prank(UPGRADER);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, operation));
        UUPSUpgradeable(address(ledger)).upgradeToAndCall(next, "");

        vm.prank(UPGRADER);
        manager.schedule(address(ledger), call_, uint48(block.timestamp + DELAY_S));
        vm.warp(block.timestamp + DELAY_S - 1);
        vm.prank(UPGRADER);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, operation));
        UUPSUpgradeable(address(ledger)).upgradeToAndCall(next, "");

        vm.warp(block.timestamp + 1);
        vm.prank(UPGRADER);
        UUPSUpgradeable(address(ledger)).upgradeToAndCall(next, "");
        vm.assertEq(_implementation(), next, "the new code");
        vm.assertEq(ledger.accountOf(_member(1)).available, 800, "available");
        vm.assertEq(ledger.accountOf(_member(1)).held, 200, "held");
        vm.assertEq(ledger.name(), "Test Points", "program");
        _apply(_submitter(1), _capture(1, 1, 1, placed, 200));
        _apply(_submitter(1), _return(1, 1, 0, sold, 100));
        vm.assertEq(ledger.balanceOf(_member(1)), 700, "goes on");

        vm.prank(UPGRADER);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, operation));
        UUPSUpgradeable(address(ledger)).upgradeToAndCall(next, "");
    }

    function test_ScheduledUpgradeCanBeCancelled() public {
        bytes memory call_ = _upgrade(_deployCore());
        vm.prank(UPGRADER);
        manager.schedule(address(ledger), call_, uint48(block.timestamp + DELAY_S));
        manager.cancel(UPGRADER, address(ledger), call_);
        vm.warp(block.timestamp + DELAY_S);
        vm.prank(UPGRADER);
        (bool success,) = address(ledger).call(call_);
        vm.assertTrue(!success, "cancelled");
    }

    function test_RevertWhen_AnyoneElseUpgrades() public {
        address before = _implementation();
        bytes memory call_ = _upgrade(_deployCore());
        address[5] memory others = [OPERATOR, PAUSER, CLEARING_AGENT, vm.addr(ATTESTER_KEY), address(this)];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.prank(others[i]);
            (bool success, bytes memory failure) = address(ledger).call(call_);
            vm.assertTrue(!success, "refused");
            vm.assertEq(
                keccak256(failure),
                keccak256(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i])),
                "unauthorised"
            );
        }
        vm.assertEq(_implementation(), before, "the same code");
    }

    function test_RevertWhen_ImplementationIsUsedDirectly() public {
        address core = _deployCore();
        (bool success, bytes memory failure) = core.call(_initialization(_programTerms()));
        vm.assertTrue(!success, "cannot be initialised");
        vm.assertEq(
            keccak256(failure), keccak256(abi.encodeWithSelector(Initializable.InvalidInitialization.selector)), "why"
        );
        vm.expectRevert(UUPSUpgradeable.UUPSUnauthorizedCallContext.selector);
        UUPSUpgradeable(core).upgradeToAndCall(core, "");
    }

    function test_RevertWhen_NewCodeIsNoLedger() public {
        bytes memory call_ = _upgrade(address(manager));
        vm.prank(UPGRADER);
        manager.schedule(address(ledger), call_, uint48(block.timestamp + DELAY_S));
        vm.warp(block.timestamp + DELAY_S);
        vm.prank(UPGRADER);
        (bool success,) = address(ledger).call(call_);
        vm.assertTrue(!success, "not a UUPS implementation");
    }

    // ---------------------------------------------------------------- roles

    function test_RolesAreApart() public {
        _expectOnly(OPERATOR, abi.encodeCall(ledger.suspendPartner, (1)));
        _expectOnly(PAUSER, abi.encodeCall(ledger.setOperationPaused, (1, true)));
        _expectOnly(CLEARING_AGENT, abi.encodeCall(ledger.closeCycle, ()));
    }

    function _expectOnly(address holder, bytes memory call_) private {
        address[4] memory all = [OPERATOR, PAUSER, UPGRADER, CLEARING_AGENT];
        for (uint256 i = 0; i < all.length; ++i) {
            vm.prank(all[i]);
            (bool success,) = address(ledger).call(call_);
            vm.assertEq(success ? uint256(1) : 0, all[i] == holder ? 1 : 0, "only its role");
        }
    }

    function test_RevertWhen_StrangersCallWhatIsGoverned() public {
        bytes[] memory calls = new bytes[](16);
        calls[0] = abi.encodeCall(ledger.admitPartner, (2, "x", address(1)));
        calls[1] = abi.encodeCall(ledger.suspendPartner, (1));
        calls[2] = abi.encodeCall(ledger.reinstatePartner, (1));
        calls[3] = abi.encodeCall(ledger.replacePartnerKey, (1, address(1)));
        calls[4] = abi.encodeWithSelector(ledger.setLimits.selector, 1, 0, 0, 0, 0);
        calls[5] = abi.encodeCall(ledger.setAttester, (2, address(1), 0));
        calls[6] = abi.encodeCall(ledger.pauseCampaign, (1, 200));
        calls[7] = abi.encodeCall(ledger.resumeCampaign, (1, 200));
        calls[8] = abi.encodeCall(ledger.closeCampaignEarly, (1, 200));
        calls[9] = abi.encodeCall(ledger.freezeMember, (_member(1), 1));
        calls[10] = abi.encodeCall(ledger.unfreezeMember, (_member(1)));
        calls[11] = abi.encodeCall(ledger.setOperationPaused, (1, true));
        calls[12] = abi.encodeCall(ledger.proposeOperatorKey, (address(1)));
        calls[13] = abi.encodeCall(ledger.closeCycle, ());
        calls[14] = abi.encodeCall(ledger.recordPayment, (1, 1, ""));
        calls[15] = abi.encodeCall(ledger.confirmPayment, (1));
        bytes32 refusal =
            keccak256(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(0xbad)));
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(address(0xbad));
            (bool success, bytes memory failure) = address(ledger).call(calls[i]);
            vm.assertTrue(!success && keccak256(failure) == refusal, vm.toString(i));
        }
    }

    function test_AccessManagerItselfChangesInTwoSteps() public {
        // The administrator of the AccessManager grants its role and renounces its own: both are evented and listable.
        manager.grantRole(0, address(0xa), 0);
        vm.prank(address(0xa));
        manager.revokeRole(0, address(this));
        (bool isAdministrator,) = manager.hasRole(0, address(this));
        vm.assertTrue(!isAdministrator, "no more");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, address(this), uint64(0))
        );
        manager.grantRole(OPERATOR_ROLE, address(this), 0);
    }
}
