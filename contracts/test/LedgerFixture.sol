// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test, Vm} from "./Test.sol";

import {
    IPointsLedger,
    ILedgerEvents,
    PartnerTerms,
    ProgramTerms,
    Submission
} from "../src/interfaces/IPointsLedger.sol";

/// @notice A deployed ledger, its parties' keys, and short ways to say what they sign.
/// @dev Keys: operator 1, partner p 100 + p, attester 50, member m 1000 + m. A member's id is not its key's address.
abstract contract LedgerFixture is Test, ILedgerEvents {
    uint256 internal constant OPERATOR_KEY = 1;
    uint256 internal constant ATTESTER_KEY = 50;
    uint32 internal constant ATTESTER = 1;
    uint24 internal constant FIRST_DAY = 100;
    uint48 internal constant NO_DEADLINE = type(uint48).max;
    uint24 internal constant TODAY = 0xffffff;
    bytes32 internal constant RELYING_PARTY = sha256("localhost");

    IPointsLedger internal ledger;
    AccessManager internal manager;

    mapping(uint32 submitter => uint32) internal lastSequence;
    mapping(address member => uint24) internal lastNonce;

    function setUp() public virtual {
        vm.warp(uint256(FIRST_DAY) * 1 days + 12 hours);
        _deploy(_programTerms());
    }

    function _programTerms() internal view virtual returns (ProgramTerms memory) {
        return ProgramTerms({
            name: "Test Points",
            symbol: "TST",
            currency: "USD",
            currencyDecimals: 2,
            lotValidityDays: 30,
            returnWindowDays: 30,
            latePostingDays: 5,
            dayOffsetSeconds: 0,
            firstKeyDelaySeconds: 0,
            recoveryDelaySeconds: 3 days,
            relyingPartyIdHash: RELYING_PARTY,
            operatorKey: vm.addr(OPERATOR_KEY)
        });
    }

    function _deploy(ProgramTerms memory terms) internal {
        manager = new AccessManager(address(this));
        ledger = IPointsLedger(address(new ERC1967Proxy(_deployCore(), _initialization(terms))));
        manager.grantRole(5, vm.addr(ATTESTER_KEY), 0);
        ledger.setAttester(1, vm.addr(ATTESTER_KEY), NO_DEADLINE);
    }

    /// @dev Not by `new`: so this compiles without the ledger's sources, and in the old pipeline.
    function _deployCore() internal returns (address core) {
        address extension = vm.deployCode("PointsLedgerExtension.sol:PointsLedgerExtension", "");
        return vm.deployCode("PointsLedger.sol:PointsLedger", abi.encode(extension));
    }

    function _initialization(ProgramTerms memory terms) internal view returns (bytes memory) {
        return abi.encodeWithSignature(
            "initialize(address,(string,string,bytes3,uint8,uint24,uint24,uint24,int32,uint32,uint32,bytes32,address))",
            address(manager),
            terms
        );
    }

    // ---------------------------------------------------------------- parties

    function _member(uint256 number) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("member", number)))));
    }

    function _memberKey(uint256 number) internal pure returns (uint256) {
        return 1000 + number;
    }

    function _submitter(uint16 partner) internal pure returns (uint32) {
        return uint32(partner) << 16;
    }

    function _admit(uint16 partner, uint32 issuePrice, uint32 redeemPrice, uint16 earnRate) internal {
        ledger.admitPartner(partner, string.concat("Partner ", vm.toString(partner)), vm.addr(100 + partner));
        _reprice(partner, issuePrice, redeemPrice, earnRate);
    }

    function _reprice(uint16 partner, uint32 issuePrice, uint32 redeemPrice, uint16 earnRate) internal {
        PartnerTerms memory terms = PartnerTerms({
            partner: partner,
            version: ledger.partnerOf(partner).version + 1,
            issuePriceMicro: issuePrice,
            redeemPriceMicro: redeemPrice,
            earnRate: earnRate,
            effectiveDay: 0
        });
        ledger.recordTerms(terms, _signedTerms(terms, 100 + partner, OPERATOR_KEY));
    }

    function _signedTerms(PartnerTerms memory terms, uint256 partnerKey, uint256 operatorKey)
        internal
        view
        returns (bytes[] memory signatures)
    {
        bytes32 typehash = keccak256(
            "Terms(uint16 partner,uint32 version,uint32 issuePriceMicro,uint32 redeemPriceMicro,uint16 earnRate,uint24 effectiveDay)"
        );
        bytes32 digest = _digest(keccak256(abi.encode(typehash, terms)));
        signatures = new bytes[](2);
        signatures[0] = _sign(partnerKey, digest);
        signatures[1] = _sign(operatorKey, digest);
    }

    function _enrol(uint256 number) internal {
        _settle(ATTESTER, _enrolment(number));
    }

    function _enrolment(uint256 number) internal returns (bytes memory) {
        return _framed(0x10, ATTESTER, abi.encodePacked(_member(number), vm.addr(_memberKey(number)), uint8(1)));
    }

    // ---------------------------------------------------------------- signing

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", ledger.domainSeparator(), structHash));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, v == 28 ? s | bytes32(uint256(1) << 255) : s);
    }

    function _keyOf(uint32 submitter) internal pure returns (uint256) {
        if (submitter == 0) return OPERATOR_KEY;
        if (submitter < 1 << 16) return ATTESTER_KEY;
        return 100 + (submitter >> 16);
    }

    function _submission(uint32 submitter, bytes memory operations) internal view returns (Submission memory) {
        return _submissionBy(_keyOf(submitter), submitter, NO_DEADLINE, operations);
    }

    function _submissionBy(uint256 key, uint32 submitter, uint48 deadline, bytes memory operations)
        internal
        view
        returns (Submission memory)
    {
        bytes32 typehash = keccak256("Submission(uint32 submitter,uint48 deadline,bytes operations)");
        bytes32 digest = _digest(keccak256(abi.encode(typehash, submitter, deadline, keccak256(operations))));
        return Submission({
            submitter: submitter,
            deadline: deadline,
            gasAllowance: 100_000_000,
            operations: operations,
            signature: _sign(key, digest)
        });
    }

    function _settle(uint32 submitter, bytes memory operations) internal {
        _settleBy(_keyOf(submitter), submitter, operations);
    }

    function _settleBy(uint256 key, uint32 submitter, bytes memory operations) internal {
        Submission[] memory batch = new Submission[](1);
        batch[0] = _submissionBy(key, submitter, NO_DEADLINE, operations);
        ledger.settle(batch);
    }

    // ---------------------------------------------------------------- operations

    function _framed(uint8 kind, uint32 submitter, bytes memory body) internal returns (bytes memory) {
        return _framedAs(kind, ++lastSequence[submitter], body);
    }

    function _framedAs(uint8 kind, uint32 sequence, bytes memory body) internal pure returns (bytes memory) {
        return abi.encodePacked(uint16(5 + body.length), kind, sequence, body);
    }

    function _purchase(uint16 partner, uint256 member, uint40 spend) internal returns (bytes memory) {
        return _purchaseOn(partner, member, spend, TODAY);
    }

    function _purchaseOn(uint16 partner, uint256 member, uint40 spend, uint24 day) internal returns (bytes memory) {
        return _framed(0x01, _submitter(partner), abi.encodePacked(_member(member), spend, day));
    }

    function _grant(uint32 submitter, uint256 member, uint32 points) internal returns (bytes memory) {
        return _framed(0x09, submitter, abi.encodePacked(_member(member), points));
    }

    function _return(uint16 partner, uint256 member, uint24 lot, uint32 purchaseSequence, uint40 spend)
        internal
        returns (bytes memory)
    {
        uint16 tag = uint16(purchaseSequence % 32_767 + 1);
        return _framed(0x02, _submitter(partner), abi.encodePacked(_member(member), lot, tag, spend));
    }

    function _redeem(uint16 partner, uint256 member, uint32 points) internal returns (bytes memory) {
        bytes memory authorisation = _redeemAuthorisation(partner, member, points, ++lastNonce[_member(member)]);
        return _framed(0x03, _submitter(partner), abi.encodePacked(_member(member), points, authorisation));
    }

    function _redeemAuthorisation(uint16 partner, uint256 member, uint32 points, uint24 nonce)
        internal
        view
        returns (bytes memory)
    {
        return _redeemAuthorisationBy(_memberKey(member), 1, partner, member, points, nonce);
    }

    function _redeemAuthorisationBy(
        uint256 key,
        uint8 scheme,
        uint16 partner,
        uint256 member,
        uint32 points,
        uint24 nonce
    ) internal view returns (bytes memory) {
        bytes32 typehash = keccak256(
            "Redeem(address member,uint16 partner,uint32 maxPoints,uint24 nonce,uint48 deadline)"
        );
        bytes32 digest = _digest(keccak256(abi.encode(typehash, _member(member), partner, points, nonce, NO_DEADLINE)));
        return abi.encodePacked(scheme, nonce, NO_DEADLINE, points, _sign(key, digest));
    }

    function _refund(uint16 partner, uint256 member, uint24 nonce, uint32 sequence, uint32 points)
        internal
        returns (bytes memory)
    {
        return _framed(0x04, _submitter(partner), abi.encodePacked(_member(member), nonce, _spendTag(sequence), points));
    }

    function _hold(uint16 partner, uint256 member, uint32 points, uint24 expiresDay) internal returns (bytes memory) {
        uint24 nonce = ++lastNonce[_member(member)];
        bytes32 typehash = keccak256(
            "Hold(address member,uint16 partner,uint32 maxPoints,uint24 expiresDay,uint24 nonce,uint48 deadline)"
        );
        bytes32 digest =
            _digest(keccak256(abi.encode(typehash, _member(member), partner, points, expiresDay, nonce, NO_DEADLINE)));
        bytes memory authorisation =
            abi.encodePacked(uint8(1), nonce, NO_DEADLINE, points, _sign(_memberKey(member), digest));
        return _framed(0x05, _submitter(partner), abi.encodePacked(_member(member), points, expiresDay, authorisation));
    }

    function _capture(uint16 partner, uint256 member, uint24 nonce, uint32 holdSequence, uint32 points)
        internal
        returns (bytes memory)
    {
        bytes memory body = abi.encodePacked(_member(member), nonce, _spendTag(holdSequence), points);
        return _framed(0x06, _submitter(partner), body);
    }

    function _void(uint16 partner, uint256 member, uint24 nonce, uint32 holdSequence) internal returns (bytes memory) {
        return _framed(0x07, _submitter(partner), abi.encodePacked(_member(member), nonce, _spendTag(holdSequence)));
    }

    function _transfer(uint256 member, uint256 to, uint32 points) internal returns (bytes memory) {
        uint24 nonce = ++lastNonce[_member(member)];
        bytes32 typehash =
            keccak256("Transfer(address member,address to,uint32 maxPoints,uint24 nonce,uint48 deadline)");
        bytes32 digest =
            _digest(keccak256(abi.encode(typehash, _member(member), _member(to), points, nonce, NO_DEADLINE)));
        bytes memory authorisation =
            abi.encodePacked(uint8(1), nonce, NO_DEADLINE, points, _sign(_memberKey(member), digest));
        return _framed(0x08, ATTESTER, abi.encodePacked(_member(member), _member(to), points, authorisation));
    }

    function _spendTag(uint32 sequence) internal pure returns (uint16) {
        return uint16(sequence % 65_535 + 1);
    }

    // ---------------------------------------------------------------- outcomes

    /// @dev Why submissions were skipped and operations rejected, in order, since the logs were recorded.
    function _reasons() internal returns (bytes32[] memory reasons) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        reasons = new bytes32[](logs.length);
        uint256 count = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == SubmissionSkipped.selector || topic == OperationRejected.selector) {
                reasons[count++] = abi.decode(logs[i].data, (bytes32));
            }
        }
        assembly ("memory-safe") {
            mstore(reasons, count)
        }
    }

    /// @dev Settles and answers the only reason, or 0.
    function _reasonOf(uint32 submitter, bytes memory operations) internal returns (bytes32) {
        vm.recordLogs();
        _settle(submitter, operations);
        bytes32[] memory reasons = _reasons();
        return reasons.length == 0 ? bytes32(0) : reasons[0];
    }

    /// @dev Settles an operation that must be applied, and answers its sequence number.
    function _apply(uint32 submitter, bytes memory operation) internal returns (uint32 sequence) {
        bytes32 reason = _reasonOf(submitter, operation);
        vm.assertEq(reason, bytes32(0), string.concat("applied, not ", _text(reason)));
        return lastSequence[submitter];
    }

    /// @dev Settles an operation that must be rejected, or a submission that must be skipped, for this reason.
    function _reject(uint32 submitter, bytes memory operation, bytes32 reason) internal {
        bytes32 given = _reasonOf(submitter, operation);
        vm.assertEq(given, reason, string.concat("expected ", _text(reason), ", got ", _text(given)));
    }

    function _text(bytes32 word) internal pure returns (string memory) {
        uint256 length = 0;
        while (length < 32 && word[length] != 0) ++length;
        bytes memory text = abi.encodePacked(word);
        assembly ("memory-safe") {
            mstore(text, length)
        }
        return string(text);
    }

    function _available(uint256 member) internal view returns (uint256) {
        return ledger.availableOf(_member(member));
    }

    function _nextDay() internal {
        _pass(1);
    }

    function _pass(uint256 days_) internal {
        vm.warp(vm.getBlockTimestamp() + days_ * 1 days);
    }
}
