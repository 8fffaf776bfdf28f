"""A window of nonces says the same as the list of all that were used."""

from hypothesis import given
from hypothesis import strategies as st

from node_gateway.audit.accounts import Account
from node_gateway.domain.nonces import UsedNonces
from partner_sdk.protocol import NONCE_WINDOW

STEPS = st.lists(st.integers(-NONCE_WINDOW - 3, NONCE_WINDOW + 3), max_size=80)


def test_before_the_first_only_nonce_0_is_used() -> None:
    assert [nonce for nonce in range(300) if UsedNonces().has(nonce)] == [0]


@given(STEPS)
def test_used_are_those_that_were_and_those_below_the_window(steps: list[int]) -> None:
    used, listed, highest = UsedNonces(), set[int](), 0
    for step in steps:
        nonce = highest + step
        is_used = nonce <= 0 or nonce in listed or highest - nonce > NONCE_WINDOW
        assert used.has(max(nonce, 0)) == is_used
        if not is_used:
            used = used.using(nonce)
            listed.add(nonce)
            highest = max(highest, nonce)
    assert used.next_nonce == highest + 1


@given(STEPS)
def test_the_audit_which_shares_no_code_has_the_same_window(steps: list[int]) -> None:
    used, account = UsedNonces(), Account()
    for step in steps:
        nonce = used.next_nonce - 1 + step
        if nonce > 0 and not used.has(nonce):
            used = used.using(nonce)
            account.use_nonce(nonce)
    assert (account.highest_nonce + 1, account.nonce_window) == used
