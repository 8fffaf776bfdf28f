"""Values and Hypothesis strategies for tests of the protocol and the SDK."""

from hypothesis import strategies as st

from partner_sdk import protocol as p

DOMAIN = p.Domain(31337, p.LedgerAddress(bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")))
PARTNER_KEY = p.SigningKey(bytes(31) + b"\x03")
MEMBER_KEY = p.SigningKey(bytes(31) + b"\x05")
MEMBER = p.MemberId(bytes(range(20)))
OTHER_MEMBER = p.MemberId(bytes(range(20, 40)))
DEADLINE_S = 1_900_000_000


def uints(size_bytes: int) -> st.SearchStrategy[int]:
    return st.integers(0, 256**size_bytes - 1)


members = st.binary(min_size=20, max_size=20).map(p.MemberId)
keys = st.binary(min_size=20, max_size=20).map(p.KeyId)


def passkey_proof_bytes(fixed: bytes, authenticator_data: bytes, client_data: bytes) -> bytes:
    return fixed + len(authenticator_data).to_bytes(2, "big") + authenticator_data + client_data


signed_by_key = st.tuples(st.sampled_from([1, 3]), st.binary(min_size=64, max_size=64))
signed_by_passkey = st.tuples(
    st.just(2),
    st.builds(
        passkey_proof_bytes,
        fixed=st.binary(min_size=132, max_size=132),
        authenticator_data=st.binary(max_size=60),
        client_data=st.binary(max_size=200),
    ),
)
authorisations = st.builds(
    lambda signed, nonce, deadline_s, max_points: p.Authorisation(
        signed[0], nonce, deadline_s, max_points, signed[1]
    ),
    signed=signed_by_key | signed_by_passkey,
    nonce=uints(3),
    deadline_s=uints(6),
    max_points=uints(4),
)

FIELD_STRATEGIES: dict[str, st.SearchStrategy[object]] = {
    "sequence": uints(4),
    "member": members,
    "to": members,
    "key": keys,
    "spend_minor": uints(5),
    "occurred_day": uints(3),
    "lot": uints(3),
    "tag": uints(2),
    "points": uints(4),
    "nonce": uints(3),
    "expires_day": uints(3),
    "key_kind": uints(1),
    "points_per_day": uints(4),
    "amount_minor": uints(8),
    "payment": uints(4),
    "reference": st.binary(min_size=32, max_size=32),
    "authorisation": authorisations,
}


def operations_of(operation_type: type[p.Operation]) -> st.SearchStrategy[p.Operation]:
    names = operation_type.__dataclass_fields__
    return st.builds(operation_type, **{name: FIELD_STRATEGIES[name] for name in names if name != "kind"})


operations = st.one_of([operations_of(operation_type) for operation_type in p.OPERATION_TYPES.values()])
