"""Many members made quickly: their first purchases go to the engine in full batches, past the gateway, and are indexed afterwards."""

import asyncio
import random
import time
from typing import Final

from bench.accounting import NotSettledError
from bench.coalition import LOADER_KEY, PARTNERS
from bench.engines import FEE_MAX_WEI
from bench.traffic import FIRST_SPEND_MINOR, Member, Traffic
from node_gateway.chain import node
from node_gateway.chain.abi import SettleItem, encode_settle
from node_gateway.chain.artifacts import address_bytes
from node_gateway.chain.hexadecimal import text_of
from node_gateway.chain.rpc import Call
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.chain.transactions import Fees, Signer
from partner_sdk.protocol import MemberId, Purchase, SigningKey

# Of members who are new, 31 k gas each at most: two submissions fill a batch.
MEMBERS_IN_SUBMISSION: Final = 220
SUBMISSIONS_IN_BATCH: Final = 2
GAS_LIMIT: Final = 16_700_000
ALLOWANCE_GAS: Final = 7_800_000
BATCHES_AT_ONCE: Final = 8
# In one block, so many make some 14,000 events: an answer of 10 MB.
BATCHES_IN_FLIGHT_MAX: Final = 32
MINED_WAIT_MAX_S: Final = 120.0
POLL_S: Final = 0.05
TELL_EVERY_MEMBERS: Final = 100_000


async def load_members(traffic: Traffic, count: int) -> None:
    """Makes `count` members who have bought once. They have no keys: they can earn, not spend.

    Raises:
        NotSettledError: where the chain did not take them all.
    """
    coalition = traffic.coalition
    signer = Signer(coalition.state.key(LOADER_KEY))
    nonce = await node.transaction_count(coalition.rpc, signer.address_text)
    before = (await coalition.read("totals"))["issued"]
    issued, made, calls = 0, 0, list[Call]()
    while made < count:
        wires = []
        for _ in range(SUBMISSIONS_IN_BATCH):
            size = min(MEMBERS_IN_SUBMISSION, count - made)
            if size:
                wires.append(_first_purchases(traffic, PARTNERS[made % len(PARTNERS)], size))
                made += size
        calls.append(_batch(traffic, signer, nonce, wires))
        nonce += 1
        if len(calls) == BATCHES_AT_ONCE or made == count:
            await _send(traffic, calls)
            calls = []
            await _until_mined(traffic, signer, nonce - (BATCHES_IN_FLIGHT_MAX if made < count else 0))
        if made % TELL_EVERY_MEMBERS < MEMBERS_IN_SUBMISSION * SUBMISSIONS_IN_BATCH:
            coalition.say(f"{made:,} members are on the chain")
    points = FIRST_SPEND_MINOR * 5 // 100
    issued = (await coalition.read("totals"))["issued"] - before
    if issued != count * points:
        raise NotSettledError(
            f"{count} members were to get {count * points} points, the chain issued {issued}"
        )


def _first_purchases(traffic: Traffic, partner: int, count: int) -> bytes:
    purchases = []
    for _ in range(count):
        member = MemberId(random.randbytes(20))
        traffic.members.append(Member(member, _NO_KEY))
        purchases.append(Purchase(traffic.sequence(partner), member, FIRST_SPEND_MINOR))
    return traffic.sign(partner, purchases)


_NO_KEY: Final = SigningKey((1).to_bytes(32, "big"))


def _batch(traffic: Traffic, signer: Signer, nonce: int, wires: list[bytes]) -> Call:
    deployment = traffic.coalition.deployment
    transaction = signer.sign_transaction(
        chain_id=deployment.chain_id,
        nonce=nonce,
        to=address_bytes(deployment.ledger),
        data=encode_settle(SettleItem(wire, ALLOWANCE_GAS) for wire in wires),
        gas_limit=GAS_LIMIT,
        fees=Fees(max_wei=FEE_MAX_WEI, priority_wei=1),
    )
    return Call("eth_sendRawTransaction", (text_of(transaction.raw),))


async def _send(traffic: Traffic, calls: list[Call]) -> None:
    for answer in await traffic.coalition.rpc.batch(calls):
        if isinstance(answer, RpcError):
            raise answer


async def _until_mined(traffic: Traffic, signer: Signer, nonce: int) -> None:
    """Waits until the blocks hold all transactions before a nonce."""
    rpc, deadline_s = traffic.coalition.rpc, time.monotonic() + MINED_WAIT_MAX_S
    while (mined := await node.transaction_count(rpc, signer.address_text)) < nonce:
        if time.monotonic() > deadline_s:
            raise NotSettledError(
                f"the chain holds {mined} of {nonce} batches after {MINED_WAIT_MAX_S:.0f} s"
            )
        await asyncio.sleep(POLL_S)
