"""What it is compared with: a plain web3.py client, one transaction for each operation, on the same chain and contracts.

Submissions are signed beforehand for it too; it encodes, signs, sends and waits.
"""

import time
from collections import deque
from typing import Any, Final

from bench.coalition import Coalition
from bench.engines import FEE_MAX_WEI
from node_gateway.chain.artifacts import ledger_abi
from partner_sdk.protocol import SignedSubmission

GAS: Final = 1_000_000
ALLOWANCE_GAS: Final = 500_000
IN_FLIGHT: Final = 16
RECEIPT_WAIT_MAX_S: Final = 60
# web3.py's own pause is 0.1 s; with this one the client is quicker than as it comes.
RECEIPT_POLL_S: Final = 0.002
PURCHASE_SETTLED: Final = "PurchaseSettled"


class PlainClient:
    """Blocking, as such clients are: run it in a thread."""

    def __init__(self, coalition: Coalition, secret: bytes) -> None:
        from eth_account import Account
        from web3 import HTTPProvider, Web3

        self._web3 = Web3(HTTPProvider(coalition.engine.url))
        address = Web3.to_checksum_address(coalition.deployment.ledger)
        self._ledger: Any = self._web3.eth.contract(address=address, abi=ledger_abi())
        self._account = Account.from_key(secret)
        self._chain_id = coalition.deployment.chain_id
        self._nonce: Any = self._web3.eth.get_transaction_count(self._account.address)

    def send_and_wait(self, wires: list[bytes]) -> tuple[int, float]:
        """One after the other; how many settled, and the seconds it took."""
        started_s = time.monotonic()
        receipts = [self._receipt(self._send(wire)) for wire in wires]
        return self._settled(receipts, time.monotonic() - started_s)

    def send_in_flight(self, wires: list[bytes]) -> tuple[int, float]:
        """IN_FLIGHT at a time; how many settled, and the seconds it took."""
        started_s = time.monotonic()
        flying: deque[Any] = deque()
        receipts = []
        for wire in wires:
            if len(flying) == IN_FLIGHT:
                receipts.append(self._receipt(flying.popleft()))
            flying.append(self._send(wire))
        receipts += [self._receipt(tx_hash) for tx_hash in flying]
        return self._settled(receipts, time.monotonic() - started_s)

    def _send(self, wire: bytes) -> Any:
        submission = SignedSubmission.unpack(wire)
        item = (
            int(submission.submitter), submission.deadline_s, ALLOWANCE_GAS, submission.framed, submission.signature,
        )  # fmt: skip
        transaction = self._ledger.functions.settle([item]).build_transaction({
            "from": self._account.address,
            "chainId": self._chain_id,
            "nonce": self._nonce,
            "gas": GAS,
            "maxFeePerGas": FEE_MAX_WEI,
            "maxPriorityFeePerGas": 1,
        })  # fmt: skip
        self._nonce += 1
        signed = self._account.sign_transaction(transaction)
        return self._web3.eth.send_raw_transaction(signed.raw_transaction)

    def _receipt(self, tx_hash: Any) -> Any:
        return self._web3.eth.wait_for_transaction_receipt(
            tx_hash, timeout=RECEIPT_WAIT_MAX_S, poll_latency=RECEIPT_POLL_S
        )

    def _settled(self, receipts: list[Any], seconds: float) -> tuple[int, float]:
        """Counted from the events, after the clock was stopped."""
        topic = self._ledger.events[PURCHASE_SETTLED]().topic
        settled = sum(
            any(self._web3.to_hex(log["topics"][0]) == topic for log in receipt["logs"])
            for receipt in receipts
        )
        return settled, seconds
