"""Who may call which of the ledger's governed functions, through OpenZeppelin's AccessManager."""

from enum import IntEnum

from eth_hash.auto import keccak

from node_gateway.chain.abi import Abi, signature_of

UPGRADE_DELAY_S = 3 * 86_400


class Role(IntEnum):
    """Role numbers in the AccessManager. 0 is its administrator. Attesters open no function: the ledger asks for the role by itself."""

    OPERATOR = 1
    PAUSER = 2
    UPGRADER = 3
    CLEARING_AGENT = 4
    ATTESTER = 5


FUNCTIONS_BY_ROLE: dict[Role, tuple[str, ...]] = {
    Role.OPERATOR: (
        "admitPartner",
        "suspendPartner",
        "reinstatePartner",
        "replacePartnerKey",
        "setLimits",
        "setAttester",
        "pauseCampaign",
        "resumeCampaign",
        "closeCampaignEarly",
        "freezeMember",
        "unfreezeMember",
        "proposeOperatorKey",
    ),
    Role.PAUSER: ("setOperationPaused",),
    Role.UPGRADER: ("upgradeToAndCall",),
    Role.CLEARING_AGENT: ("closeCycle", "recordPayment", "confirmPayment"),
    Role.ATTESTER: (),
}


def selectors_by_role(abi: Abi) -> dict[Role, list[bytes]]:
    """Function selectors that each role opens; functions that this ledger has not got are left out."""
    selectors = {
        entry["name"]: keccak(signature_of(entry).encode())[:4]
        for entry in abi
        if entry["type"] == "function"
    }
    return {
        role: [selectors[name] for name in names if name in selectors]
        for role, names in FUNCTIONS_BY_ROLE.items()
    }
