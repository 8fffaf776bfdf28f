"""What can go wrong in the wallet. Errors know nothing of HTTP; `views/problems.py` maps each to a page."""

from dataclasses import dataclass


class WalletError(Exception):
    """Any operating error of the wallet."""


@dataclass
class GatewayUnavailableError(WalletError):
    """The gateway did not answer, or not in time."""

    detail: str


@dataclass
class NotSignedInError(WalletError):
    """The page needs a member's (or a till's) session."""

    is_till: bool = False


@dataclass
class LinkInvalidError(WalletError):
    """A sign-in link is forged, damaged or past its time."""


@dataclass
class TooManyAttemptsError(WalletError):
    """A rate limit was reached."""

    retry_after_s: int


@dataclass
class RequestForgedError(WalletError):
    """The request does not carry this session's token, or comes from another site."""


@dataclass
class PasskeyRejectedError(WalletError):
    """The passkey's answer does not fit the question."""

    detail: str


@dataclass
class CodeUnusableError(WalletError):
    """A redemption code is unknown, used, cancelled, past its time, or for another partner."""


@dataclass
class FormInvalidError(WalletError):
    """A field of a form cannot be accepted. `message_key` names the sentence shown beside it."""

    field: str
    message_key: str


@dataclass
class OperationRefusedError(WalletError):
    """The ledger refused an operation; `reason` is one of docs/protocol.md."""

    reason: str


@dataclass
class StillSettlingError(WalletError):
    """An operation was sent, and its block is not known yet: it may still take effect, once."""


@dataclass
class PageNotFoundError(WalletError):
    """Nothing lives at this address."""


@dataclass
class ConfigurationError(WalletError):
    """A setting or a file that the wallet needs is missing or wrong; `advice` says what to do."""

    advice: str

    def __str__(self) -> str:
        return self.advice
