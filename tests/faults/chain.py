"""A simulated chain: blocks with the state after them, a pool, mining, reorganisations. No JSON here (see node.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from coincurve import PublicKey
from eth_hash.auto import keccak

from node_gateway.chain.abi import SETTLE_SELECTOR, SettleItem
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.receipts_root import receipts_root
from node_gateway.chain.transactions import Fees, Signer, rlp_decode, rlp_encode
from partner_sdk.protocol import Domain, LedgerAddress
from tests.faults.event_logs import bloom_of, log_of
from tests.faults.ledger import Emitted, LedgerState, Settlement, opening_events

CHAIN_ID: Final = 31_337
START_S: Final = 1_700_000_000
LEDGER: Final = bytes.fromhex("1ed9e7") + bytes(17)
LEDGER_TEXT: Final = "0x" + LEDGER.hex()
CODE: Final = b"\x60\x00 the ledger"
BLOCK_GAS_MAX: Final = 30_000_000
BASE_FEE_WEI: Final = 7
DEPLOYER: Final = Signer((999).to_bytes(32))
DEPLOYING: Final = b"deploy the ledger"
DOMAIN: Final = Domain(CHAIN_ID, LedgerAddress(LEDGER))


@dataclass(frozen=True, slots=True)
class Transaction:
    """A signed transaction as the pool has it."""

    raw: bytes
    tx_hash: str
    sender: bytes
    nonce: int
    max_fee_wei: int
    gas_limit: int
    to: bytes
    data: bytes


@dataclass(slots=True)
class Block:
    """A block, its receipts in JSON, and the state after it."""

    number: int
    block_hash: str
    parent_hash: str
    timestamp_s: int
    base_fee_wei: int
    transactions: tuple[Transaction, ...]
    state: LedgerState
    events: Emitted
    receipts: list[dict[str, Any]] = field(default_factory=list)
    bloom: str = ""
    receipts_root: str = ""


class Refused(Exception):  # noqa: N818  # the chain's answer
    """The pool does not take a transaction; the word says why, the node finds its own phrase for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Chain:
    """One chain with one pool.

    Attributes:
        blocks: the canonical chain, by number.
        known: every block that ever was, by hash.
        base_fee_wei: of the next block.
    """

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.known: dict[str, Block] = {}
        self.blocks: list[Block] = []
        self.pool: dict[bytes, dict[int, Transaction]] = {}
        self.base_fee_wei = BASE_FEE_WEI
        self._salt = 0
        self._append(START_S - 10, [], LedgerState())
        self.take(DEPLOYER.sign_transaction(
            chain_id=CHAIN_ID, nonce=0, to=LEDGER, data=DEPLOYING, gas_limit=1_000_000,
            fees=Fees(max_wei=10**9, priority_wei=1),
        ).raw)  # fmt: skip
        self.mine(START_S - 5)

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    @property
    def deployment(self) -> Deployment:
        """What `coalition deploy` would have written."""
        return Deployment(
            chain_id=CHAIN_ID, genesis_hash=self.blocks[0].block_hash, ledger=LEDGER_TEXT, implementation=LEDGER_TEXT,
            extension=LEDGER_TEXT, access_manager=LEDGER_TEXT, libraries={}, code_hash="0x" + keccak(CODE).hex(),
            deployed_block=1, deployed_block_hash=self.blocks[1].block_hash, program={},
        )  # fmt: skip

    def take(self, raw: bytes, *, is_pool_full: bool = False) -> str:
        """Put a transaction into the pool; returns its hash.

        Raises:
            Refused: with the reason.
        """
        transaction = decode_transaction(raw)
        waiting = self.pool.setdefault(transaction.sender, {})
        old = waiting.get(transaction.nonce)
        if transaction.nonce < self.head.state.lanes.get(transaction.sender, 0):
            raise Refused("nonce too low")
        if old is not None and old.tx_hash == transaction.tx_hash:
            raise Refused("already known")
        if is_pool_full:
            raise Refused("pool full")
        if transaction.max_fee_wei < self.base_fee_wei:
            raise Refused("underpriced")
        if old is not None and transaction.max_fee_wei < old.max_fee_wei * 110 // 100:
            raise Refused("replacement underpriced")
        waiting[transaction.nonce] = transaction
        return transaction.tx_hash

    def drop_pool(self) -> int:
        """Forget what waits; returns how many did."""
        count = sum(len(waiting) for waiting in self.pool.values())
        self.pool.clear()
        return count

    def mine(self, timestamp_s: int, *, is_exact: bool = False) -> Block:
        """Make a block of what the pool has ready, later than the one before unless the time is exact."""
        parent = self.head
        time_s = timestamp_s if is_exact else max(timestamp_s, parent.timestamp_s + 1)
        state = parent.state.copy()
        chosen = self._choose(state)
        return self._execute(time_s, chosen, state)

    def _choose(self, state: LedgerState) -> list[Transaction]:
        chosen: list[Transaction] = []
        gas_left = BLOCK_GAS_MAX
        senders = sorted(self.pool)
        self._dice.shuffle(senders)
        for sender in senders:
            waiting, nonce = self.pool[sender], state.lanes.get(sender, 0)
            for old in [n for n in waiting if n < nonce]:
                del waiting[old]
            while (transaction := waiting.get(nonce)) is not None:
                if transaction.gas_limit > gas_left or transaction.max_fee_wei < self.base_fee_wei:
                    break
                gas_left -= transaction.gas_limit
                chosen.append(waiting.pop(nonce))
                nonce += 1
        return chosen

    def _execute(self, timestamp_s: int, transactions: Sequence[Transaction], state: LedgerState) -> Block:
        outcomes = []
        for transaction in transactions:
            settlement = Settlement(state, DOMAIN, timestamp_s)
            if transaction.to == LEDGER and transaction.data[:4] == SETTLE_SELECTOR:
                settlement.settle(decode_settle(transaction.data))
            elif transaction.data == DEPLOYING:
                settlement.events = opening_events(timestamp_s)
            state.lanes[transaction.sender] = transaction.nonce + 1
            outcomes.append((transaction, settlement.events, settlement.gas_used))
        return self._append(timestamp_s, outcomes, state)

    def _append(
        self, timestamp_s: int, outcomes: Sequence[tuple[Transaction, Emitted, int]], state: LedgerState
    ) -> Block:
        number = len(self.blocks)
        parent_hash = self.blocks[-1].block_hash if self.blocks else "0x" + "00" * 32
        self._salt += 1
        transactions = tuple(transaction for transaction, _, _ in outcomes)
        words = f"{parent_hash}{number}{timestamp_s}{self._salt}{[t.tx_hash for t in transactions]}"
        block_hash = "0x" + keccak(words.encode()).hex()
        block = Block(
            number, block_hash, parent_hash, timestamp_s, self.base_fee_wei, transactions, state,
            [event for _, events, _ in outcomes for event in events],
        )  # fmt: skip
        _write_receipts(block, outcomes)
        self.blocks.append(block)
        self.known[block_hash] = block
        return block

    def reorganise(self, depth: int, timestamp_s: int, *, keeps_transactions: bool) -> int:
        """Replace the newest blocks by one more of other ones; returns how many were taken back."""
        gone = self._cut(max(2, len(self.blocks) - depth))
        if keeps_transactions:
            self._return(gone)
        time_s = self.head.timestamp_s
        for left in reversed(range(len(gone) + 1)):
            time_s = min(time_s + self._dice.randint(1, 4), timestamp_s - left)
            self.mine(time_s)
        return len(gone)

    def reset(self, timestamp_s: int) -> int:
        """Another block 0, and nothing after it: an engine that kept nothing was started again."""
        count = len(self.blocks) - 1
        self.blocks.clear()
        self.pool.clear()
        self._append(timestamp_s, [], LedgerState())
        return count

    def lose_tail(self, depth: int) -> int:
        """The newest blocks are gone, and the pool with them."""
        gone = self._cut(max(2, len(self.blocks) - depth))
        self.pool.clear()
        return len(gone)

    def _cut(self, length: int) -> list[Block]:
        gone = self.blocks[length:]
        del self.blocks[length:]
        return gone

    def _return(self, gone: Sequence[Block]) -> None:
        for block in gone:
            for transaction in block.transactions:
                self.pool.setdefault(transaction.sender, {}).setdefault(transaction.nonce, transaction)


def decode_transaction(raw: bytes) -> Transaction:
    """Read an EIP-1559 transaction and recover its sender."""
    fields: Any = rlp_decode(raw[1:])
    _, nonce, _, max_fee, gas_limit, to, _, data, _, parity, r, s = fields
    digest = keccak(raw[:1] + rlp_encode(fields[:9]))
    signature = r.rjust(32, b"\0") + s.rjust(32, b"\0") + bytes([int.from_bytes(parity)])
    public_key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    sender = keccak(public_key.format(compressed=False)[1:])[12:]
    return Transaction(
        raw, "0x" + keccak(raw).hex(), sender, int.from_bytes(nonce), int.from_bytes(max_fee), int.from_bytes(gas_limit),
        to, data,
    )  # fmt: skip


def decode_settle(data: bytes) -> list[SettleItem]:
    """Submissions in the call data of `settle`, as the ABI lays them out."""
    body = data[4:]

    def number(at: int) -> int:
        return int.from_bytes(body[at : at + 32])

    array = number(0)
    items = []
    for index in range(number(array)):
        item = array + 32 + number(array + 32 + 32 * index)
        submitter, deadline_s, allowance = number(item), number(item + 32), number(item + 64)
        operations, signature = item + number(item + 96), item + number(item + 128)
        wire = submitter.to_bytes(4) + deadline_s.to_bytes(6)
        wire += body[signature + 32 : signature + 32 + number(signature)]
        wire += body[operations + 32 : operations + 32 + number(operations)]
        items.append(SettleItem(wire, allowance))
    return items


def _write_receipts(block: Block, outcomes: Sequence[tuple[Transaction, Emitted, int]]) -> None:
    log_index = cumulative = 0
    for index, (transaction, events, gas_used) in enumerate(outcomes):
        place = {
            "transactionHash": transaction.tx_hash, "transactionIndex": hex(index), "blockHash": block.block_hash,
            "blockNumber": hex(block.number),
        }  # fmt: skip
        logs = []
        for name, args in events:
            topics, data = log_of(name, args)
            logs.append(
                {"address": LEDGER_TEXT, "topics": topics, "data": data, "logIndex": hex(log_index), **place}
            )
            log_index += 1
        cumulative += gas_used
        block.receipts.append({
            "type": "0x2", "status": "0x1", "gasUsed": hex(gas_used), "cumulativeGasUsed": hex(cumulative), "logs": logs,
            "logsBloom": bloom_of(logs), **place,
        })  # fmt: skip
    block.bloom = bloom_of(log for receipt in block.receipts for log in receipt["logs"])
    block.receipts_root = "0x" + receipts_root(block.receipts).hex()
