// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {CampaignSigning} from "./CampaignSigning.sol";
import {CampaignTerms, IPointsLedger, Submission} from "../src/interfaces/IPointsLedger.sol";

/// @notice What Python packed and signed (tests/vectors/protocol.json) is what the contracts read; what forge packs and signs goes to
/// tests/vectors/forge.json, which Python reads.
contract VectorsTest is CampaignSigning {
    string private constant PYTHON = "../tests/vectors/protocol.json";
    string private constant FORGE = "../tests/vectors/forge.json";

    string private json;

    /// @dev The ledger stands where the vectors' domain says: the first contract of anvil's first account.
    function setUp() public override {
        json = vm.readFile(PYTHON);
        vm.warp(1_800_000_000);
        manager = new AccessManager(address(this));
        address core = _deployCore();
        bytes memory setUpCall = _initialization(_programTerms());
        vm.prank(0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266);
        ledger = IPointsLedger(address(new ERC1967Proxy(core, setUpCall)));
        for (uint16 p = 1; p <= 5; ++p) {
            ledger.admitPartner(p, "Partner", vm.parseJsonAddress(json, ".partner_key"));
        }
        address attester = vm.parseJsonAddress(json, ".attester_key");
        manager.grantRole(5, attester, 0);
        ledger.setAttester(1, attester, NO_DEADLINE);
    }

    function test_TheDomainIsPythons() public view {
        vm.assertEq(address(ledger), vm.parseJsonAddress(json, ".ledger"), "address");
        vm.assertEq(ledger.domainSeparator(), vm.parseJsonBytes32(json, ".domain_separator"), "separator");
    }

    /// @dev Every kind of operation: the framing and the signature are accepted, whatever comes of the operation.
    function test_AcceptsEverySubmissionThatPythonSigned() public {
        uint256[] memory submitters = vm.parseJsonUintArray(json, ".submission_submitter");
        uint256[] memory deadlines = vm.parseJsonUintArray(json, ".submission_deadline");
        bytes[] memory operations = vm.parseJsonBytesArray(json, ".submission_operations");
        bytes[] memory signatures = vm.parseJsonBytesArray(json, ".submission_signature");
        vm.assertTrue(submitters.length >= 20, "all kinds");
        for (uint256 i = 0; i < submitters.length; ++i) {
            Submission[] memory batch = new Submission[](1);
            batch[0] = Submission({
                submitter: uint32(submitters[i]),
                deadline: uint48(deadlines[i]),
                gasAllowance: 10_000_000,
                operations: operations[i],
                signature: signatures[i]
            });
            vm.recordLogs();
            ledger.settle(batch);
            bytes32[] memory reasons = _reasons();
            for (uint256 j = 0; j < reasons.length; ++j) {
                vm.assertTrue(
                    reasons[j] != "bad_signature" && reasons[j] != "malformed_submission"
                        && reasons[j] != "malformed_operation",
                    string.concat("submission ", vm.toString(i))
                );
            }
        }
    }

    function test_HashesCampaignsAsPythonDoes() public view {
        CampaignTerms memory terms = abi.decode(vm.parseJsonBytesArray(json, ".campaign_abi")[0], (CampaignTerms));
        vm.assertEq(_campaignHash(terms), vm.parseJsonBytes32Array(json, ".campaign_hash")[0], "hash");
    }

    /// @dev The same operations packed here, and signed with the fixture's keys: Python checks them.
    function test_WritesVectorsForPython() public {
        bytes[4] memory operations =
            [_purchase(1, 1, 12_345), _redeem(1, 1, 400), _hold(1, 1, 300, 20_900), _transfer(1, 2, 50)];
        uint32[4] memory submitters = [_submitter(1), _submitter(1), _submitter(1), ATTESTER];
        string memory text =
            string.concat('{"ledger": "', vm.toString(abi.encodePacked(address(ledger))), '", "submissions": [');
        for (uint256 i = 0; i < 4; ++i) {
            Submission memory s = _submission(submitters[i], operations[i]);
            bytes memory wire = abi.encodePacked(s.submitter, s.deadline, s.signature, s.operations);
            address signer = vm.addr(_keyOf(submitters[i]));
            text = string.concat(
                text,
                i == 0 ? "" : ", ",
                '{"wire": "',
                vm.toString(wire),
                '", "signer": "',
                vm.toString(abi.encodePacked(signer)),
                '"}'
            );
        }
        vm.writeFile(
            FORGE,
            string.concat(
                text,
                '], "member": "',
                vm.toString(abi.encodePacked(_member(1))),
                '", "member_key": "',
                vm.toString(abi.encodePacked(vm.addr(_memberKey(1)))),
                '"}\n'
            )
        );
    }
}
