"""Signed transactions against eth-account's."""

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from node_gateway.chain.transactions import (
    Fees,
    SignedTransaction,
    Signer,
    contract_address,
    replaced,
    rlp_decode,
    rlp_encode,
)

SECRET = bytes(range(1, 33))
TO = bytes(range(20))


@settings(deadline=None)
@given(
    nonce=st.integers(0, 2**40),
    data=st.binary(max_size=300),
    fee=st.integers(0, 2**60),
    priority=st.none() | st.integers(0, 2**30),
    chain_id=st.sampled_from([1, 31_337, 7_701]),
)
def test_signs_the_bytes_that_eth_account_signs(
    nonce: int, data: bytes, fee: int, priority: int | None, chain_id: int
) -> None:
    signed = Signer(SECRET).sign_transaction(
        chain_id=chain_id, nonce=nonce, to=TO, data=data, gas_limit=1_000_000,
        fees=Fees(max_wei=fee, priority_wei=priority),
    )  # fmt: skip
    fields = {
        "chainId": chain_id,
        "nonce": nonce,
        "to": "0x" + TO.hex(),
        "data": data,
        "gas": 1_000_000,
        "value": 0,
    }
    prices = (
        {"gasPrice": fee}
        if priority is None
        else {"maxFeePerGas": fee, "maxPriorityFeePerGas": priority, "type": 2}
    )
    expected = Account.sign_transaction(fields | prices, SECRET)
    assert signed.raw == bytes(expected.raw_transaction)
    assert signed.tx_hash == bytes(expected.hash)


@pytest.mark.parametrize("priority", [None, 3])
def test_a_replacement_changes_the_fee_alone(priority: int | None) -> None:
    signer = Signer(SECRET)

    def signed(max_wei: int) -> SignedTransaction:
        fees = Fees(max_wei=max_wei, priority_wei=priority)
        return signer.sign_transaction(chain_id=7, nonce=9, to=TO, data=b"data", gas_limit=21_000, fees=fees)

    dearer = Fees(max_wei=13, priority_wei=priority)
    assert replaced(signer, signed(10).raw, chain_id=7, fees=dearer) == signed(13)


rlp_items = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=5), max_leaves=20)


@settings(deadline=None)
@given(rlp_items)
def test_rlp_decodes_what_it_encodes(item: object) -> None:
    assert rlp_decode(rlp_encode(item)) == item  # type: ignore[arg-type]


def test_names_the_contract_that_a_creation_makes() -> None:
    sender = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert contract_address(sender, 0).hex() == "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"


def test_a_signer_never_shows_its_secret() -> None:
    assert SECRET.hex() not in repr(Signer(SECRET))
