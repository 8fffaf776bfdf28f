"""Whose signatures are good: the keys of partners, delegates and attesters, as far as the chain is indexed."""

from collections.abc import Mapping
from dataclasses import dataclass

from node_gateway.domain.certain_rejections import Standing
from node_gateway.domain.errors import BadSignatureError, SubmitterExpiredError, UnknownSubmitterError
from partner_sdk.protocol.eip712 import Domain
from partner_sdk.protocol.identities import Submitter


@dataclass(frozen=True, slots=True)
class SubmitterKeys:
    """Keys of one submitter.

    Attributes:
        key: signs now.
        previous_key: still signs until `previous_key_until_s` (chain time), after a rotation.
        valid_until_s: end of a delegation, None for a partner's own key.
    """

    key: bytes
    previous_key: bytes | None = None
    previous_key_until_s: int = 0
    valid_until_s: int | None = None


@dataclass(frozen=True, slots=True)
class Keyring:
    """All submitters' keys, the EIP-712 domain under which they sign, and what else decides at once about what they bring."""

    domain: Domain
    submitters: Mapping[int, SubmitterKeys]
    standing: Standing

    def keys_of(self, submitter: Submitter, *, chain_time_s: int) -> SubmitterKeys:
        """Keys that may sign for `submitter`.

        Raises:
            UnknownSubmitterError: none is indexed.
            SubmitterExpiredError: the delegation ended.
        """
        keys = self.submitters.get(submitter)
        if keys is None:
            raise UnknownSubmitterError(submitter)
        if keys.valid_until_s is not None and chain_time_s > keys.valid_until_s:
            raise SubmitterExpiredError(submitter, valid_until_s=keys.valid_until_s)
        return keys


def check_signer(signer: bytes, keys: SubmitterKeys, submitter: Submitter, *, chain_time_s: int) -> None:
    """Raises BadSignatureError unless `signer` is the key, or the previous one in its time."""
    if signer == keys.key:
        return
    if signer == keys.previous_key and chain_time_s <= keys.previous_key_until_s:
        return
    raise BadSignatureError(submitter)
