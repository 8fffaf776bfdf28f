"""What must be true once faults have stopped and everything has come to rest."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import orjson

from node_gateway.chain.artifacts import ledger_events
from node_gateway.chain.deployment import load_deployment
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.jobs.content_hash import content_hash
from node_gateway.jobs.indexer import Indexer
from node_gateway.store.database import Database
from tests.faults.asgi_calls import NoAnswerError, request
from tests.faults.clients import Clients
from tests.faults.databases import WEBHOOKS
from tests.faults.gateway import GatewayUnderTest
from tests.faults.ledger import PARTNERS
from tests.faults.stream_readers import StreamReader, Told, told_of
from tests.faults.table_checks import Problems, batch_problems, differences, order_problems

TRIES_MAX = 20


def open_work(gateway: GatewayUnderTest) -> list[str]:
    """What has not come to its end yet."""
    rows = gateway.reader.rows
    waiting = rows(
        "SELECT status, count(*) FROM submissions WHERE status IN ('accepted', 'batched') GROUP BY status"
    )
    flying = rows("SELECT status, count(*) FROM batches WHERE status IN ('created', 'sent') GROUP BY status")
    left = [f"{count} submissions are {status}" for status, count in waiting]
    left += [f"{count} batches are {status}" for status, count in flying]
    head = gateway.network.chain.head
    cursor = rows("SELECT next_block FROM cursor")
    newest = rows("SELECT hash FROM blocks ORDER BY number DESC LIMIT 1")
    number = cursor[0][0] - 1 if cursor else -1
    if number < head.number - 3:
        left.append(f"block {number} is indexed of {head.number}")
    elif newest and "0x" + bytes(newest[0][0]).hex() not in {
        b.block_hash for b in gateway.network.chain.blocks[-5:]
    }:
        left.append("the newest indexed block is not on the chain")
    return left


def operation_problems(gateway: GatewayUnderTest, clients: Clients) -> Problems:
    """Every accepted operation settled once, or ended with a reason; nothing else is there."""
    used = gateway.network.chain.head.state.used
    rows = {
        operation: (status, reason)
        for operation, status, reason in gateway.reader.rows("SELECT id, status, reason FROM operations")
    }
    problems = []
    for sent in clients.sent:
        if gateway.name not in sent.accepted_by:
            continue
        for operation in sent.operations:
            status, reason = rows.get(operation, ("absent", None))
            if operation in used:
                wanted: tuple[str, str | None] = (
                    ("rejected", used[operation]) if used[operation] else ("settled", None)
                )
                if (status, reason) != wanted:
                    problems.append(f"operation {operation} is {status} {reason}, the chain says {wanted}")
            elif status != "expired" or not reason:
                problems.append(
                    f"accepted operation {operation} is {status} ({reason}), and not on the chain"
                )
    for operation, (status, _) in rows.items():
        if (operation in used) != (status in ("settled", "rejected")):
            problems.append(f"operation {operation} is {status} here, on the chain: {operation in used}")
    return problems[:6]


def foreign_problems(gateways: Sequence[GatewayUnderTest], clients: Clients) -> Problems:
    """Nothing is on the chain that no gateway had accepted."""
    durable = {
        bytes(wire) for gateway in gateways for (wire,) in gateway.reader.rows("SELECT wire FROM submissions")
    }
    signed = {sent.wire for sent in clients.sent}
    accepted = {operation for sent in clients.sent if sent.wire in durable for operation in sent.operations}
    problems = [f"a submission is stored that nobody signed: {wire.hex()[:40]}" for wire in durable - signed]
    used = gateways[0].network.chain.head.state.used
    return (
        problems + [f"operation {one} was settled, but never accepted" for one in used.keys() - accepted][:4]
    )


async def visible_problems(gateway: GatewayUnderTest) -> Problems:
    """Partners see by the API what the tables say, with a reason for what did not settle."""
    problems = []
    wanted = {
        operation: (status, reason)
        for operation, status, reason in gateway.reader.rows("SELECT id, status, reason FROM operations")
    }
    for partner in PARTNERS:
        shown: dict[str, tuple[str, str | None]] = {}
        after = ""
        while True:
            page = await _get(
                gateway, "/v1/partners/me/operations", f"limit=200{after}", f"partner:{partner}"
            )
            for entry in page["entries"]:
                shown[entry["id"]] = (entry["status"], entry["reason"])
            if not page["next_after"]:
                break
            after = f"&after={page['next_after']}"
        own = {_text(operation): row for operation, row in wanted.items() if operation >> 48 == partner}
        if shown != own:
            problems.append(
                f"partner {partner} is shown {len(shown)} operations that differ from its {len(own)}"
            )
    return problems


def _text(operation: int) -> str:
    return f"{operation >> 48}.{operation >> 32 & 0xFFFF}.{operation & 0xFFFFFFFF}"


async def _get(gateway: GatewayUnderTest, path: str, query: str, party: str) -> dict[str, Any]:
    for _ in range(TRIES_MAX):
        try:
            answer = await request(gateway.apis[0], "GET", path, party=party, query=query)
        except NoAnswerError:
            continue
        if answer.status == 200:
            told: dict[str, Any] = orjson.loads(answer.body)
            return told
    raise AssertionError(f"{path} does not answer")


def stream_problems(
    gateway: GatewayUnderTest, reader: StreamReader, partner: int | None, member: bytes | None
) -> Problems:
    """What a reader holds to be true is the chain, without a gap."""
    wanted = wanted_events(gateway, partner=partner, member=member)
    if reader.events == wanted:
        return reader.complaints
    differing = next(
        (i for i, (a, b) in enumerate(zip(reader.events, wanted, strict=False)) if a != b),
        min(len(reader.events), len(wanted)),
    )
    return [
        *reader.complaints,
        f"{gateway.name}: a stream has {len(reader.events)} events, the chain {len(wanted)}; from {differing} on it says "
        f"{reader.events[differing : differing + 2]}, the chain {wanted[differing : differing + 2]}",
    ]


def wanted_events(
    gateway: GatewayUnderTest,
    *,
    partner: int | None,
    member: bytes | None = None,
    names: Collection[str] | None = None,
) -> list[Told]:
    """Each event of the chain, as far as it is indexed, that concerns a partner or a member."""
    ((next_block,),) = gateway.reader.rows("SELECT next_block FROM cursor")
    events = []
    for block in gateway.network.chain.blocks[1:next_block]:
        told = iter(block.events)
        for receipt in block.receipts:
            for log in receipt["logs"]:
                name, args = next(told)
                if name == "Transfer" or (names is not None and name not in names):
                    continue
                if partner is not None and partner_of(args) != partner:
                    continue
                if member is not None and args.get("member") != member:
                    continue
                operation = _text(args["operation"]) if args.get("operation") else None
                place = (block.number, int(log["logIndex"], 16))
                events.append(Told(place, receipt["transactionHash"], name, operation))
    return events


def partner_of(args: dict[str, Any]) -> int | None:
    """Whose event it is."""
    if args.get("operation"):
        return int(args["operation"]) >> 48
    if "submitter" in args:
        return int(args["submitter"]) >> 16
    return args.get("partner")


def webhook_problems(gateway: GatewayUnderTest) -> Problems:
    """Each endpoint took each event of the chain at least once, and those of a subject in order."""
    problems = []
    for endpoint, _, partner, names in WEBHOOKS:
        wanted = wanted_events(gateway, partner=partner, names=names)
        taken = gateway.receivers.taken[endpoint]
        told = [told_of(message) for message in taken]
        missing = [event.place for event in wanted if event not in set(told)]
        if missing:
            problems.append(
                f"{endpoint} was never told of {len(missing)} of {len(wanted)} events, the first at {missing[0]}"
            )
        else:
            problems += _disordered(endpoint, wanted, told, taken)
        problems += _confused(endpoint, told, taken)
    return problems


def _confused(endpoint: str, told: Sequence[Told], taken: Sequence[dict[str, Any]]) -> Problems:
    """Who remembers ids must not take one event for another."""
    meant: dict[str, Told] = {}
    for event, message in zip(told, taken, strict=True):
        if meant.setdefault(message["id"], event) != event:
            return [f"{endpoint} was told of {event} and of {meant[message['id']]} by the same id"]
    return []


def _disordered(
    endpoint: str, wanted: Sequence[Told], told: Sequence[Told], taken: Sequence[dict[str, Any]]
) -> Problems:
    """When an event was last told, all before it of the same subject had been; after blocks were taken back some come again."""
    last = {event: index for index, event in enumerate(told)}
    first = {event: index for index, event in reversed(list(enumerate(told)))}
    before: dict[object, int] = defaultdict(lambda: -1)
    for event in wanted:
        message = taken[last[event]]
        subject = message["member"] or message["partner"]
        if last[event] < before[subject]:
            return [
                f"{endpoint} was told of {told[before[subject]].place} after {event.place} of the same subject"
            ]
        before[subject] = max(before[subject], first[event])
    return []


async def reindex_problems(gateway: GatewayUnderTest, kept: Database, fresh: Database) -> Problems:
    """Indexing the chain anew into an empty database gives the same content."""
    ((next_block,),) = gateway.reader.rows("SELECT next_block FROM cursor")
    slot = gateway.workers[0]
    assert slot.worker is not None
    indexer = Indexer(
        slot.worker.indexer._rpc,
        fresh,
        load_deployment(gateway.state_dir),
        ledger_events(),
        slot.clock,
        has_block_receipts=True,
    )
    del gateway.network.chain.blocks[next_block:]
    gateway.network.has_block_receipts = True
    try:
        while not (await indexer.step()).is_idle:
            pass
    except RpcError as error:
        return [f"{gateway.name}: a healthy node cannot be indexed anew: {error}"]
    async with kept.reading() as left, fresh.reading() as right:
        same = await content_hash(left) == await content_hash(right)
    return [] if same else [f"{gateway.name}: indexing anew gives other content"]


def state_problems(gateway: GatewayUnderTest) -> Problems:
    """Tables, batches and failures of processes at the end."""
    ((next_block,),) = gateway.reader.rows("SELECT next_block FROM cursor")
    problems = differences(gateway, gateway.network.chain.blocks[next_block - 1])
    problems += batch_problems(gateway)
    return problems + [
        f"{slot.name} ended by itself: {why}" for slot in gateway.slots for why in slot.ended_by_itself
    ]


def ordered(gateway: GatewayUnderTest, clients: Clients) -> Problems:
    """See `order_problems`."""
    # What was signed again may have gone to the chain through the other gateway, although this one took it too.
    elsewhere = {id_ for sent in clients.sent if sent.accepted_by - {gateway.name} for id_ in sent.operations}
    own = {
        sent.digest
        for sent in clients.sent
        if sent.accepted_by == {gateway.name} and elsewhere.isdisjoint(sent.operations)
    }
    return order_problems(gateway, own)
