"""Every state that a row of the gateway can be in."""

from enum import StrEnum


class PartyKind(StrEnum):
    """Whom an API key belongs to."""

    PARTNER = "partner"
    WALLET = "wallet"
    OPERATOR = "operator"


class SubmissionStatus(StrEnum):
    """`accepted` waits for a batch, `batched` is on its way; the others are final."""

    ACCEPTED = "accepted"
    BATCHED = "batched"
    SETTLED = "settled"
    SKIPPED = "skipped"
    EXPIRED = "expired"


class OperationStatus(StrEnum):
    """`expired` uses up no id: the same operation can be signed and sent again."""

    ACCEPTED = "accepted"
    SETTLED = "settled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class BatchStatus(StrEnum):
    """A batch is stored `created` before it is first sent. `replaced`: another transaction took its nonce."""

    CREATED = "created"
    SENT = "sent"
    MINED = "mined"
    REPLACED = "replaced"
    ABANDONED = "abandoned"


class HoldState(StrEnum):
    """Only `pending` reserves points; the others are final."""

    PENDING = "pending"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


class IssuerKind(StrEnum):
    """What kind of issuer a lot has, in the order of the contract's enum."""

    OPERATOR = "operator"
    PARTNER = "partner"
    CAMPAIGN = "campaign"
    REFUND = "refund"


class DeliveryStatus(StrEnum):
    """State of one webhook message to one endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
