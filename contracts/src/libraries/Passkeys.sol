// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";

/// @title Signatures by passkeys
/// @dev Its own contract, entered by delegatecall: the check is large and rarely made.
library Passkeys {
    /// @notice Whether a passkey assertion signs `digest` as its challenge, for the program's relying party, with the user verified.
    /// @param proof x 32, y 32, r 32, s 32, challenge index 2, type index 2, authenticator data length 2, authenticator data, client data.
    /// The caller has checked that it is long enough for its parts, and whose key (x, y) is.
    function isSigned(bytes32 digest, bytes calldata proof, bytes32 relyingPartyIdHash) external view returns (bool) {
        uint256 end = 134 + uint16(bytes2(proof[132:134]));
        // 37 bytes: the shortest authenticator data there is.
        if (end < 134 + 37 || bytes32(proof[134:166]) != relyingPartyIdHash) return false;
        return WebAuthn.verify(
            abi.encodePacked(digest),
            WebAuthn.WebAuthnAuth({
                r: bytes32(proof[64:96]),
                s: bytes32(proof[96:128]),
                challengeIndex: uint16(bytes2(proof[128:130])),
                typeIndex: uint16(bytes2(proof[130:132])),
                authenticatorData: proof[134:end],
                clientDataJSON: string(proof[end:])
            }),
            bytes32(proof[:32]),
            bytes32(proof[32:64])
        );
    }
}
