"""eth-tester over py-evm as a node: no process, deterministic, slow. For quick tests.

It has neither eth_getBlockReceipts nor eth_getProof, and each transaction makes a block.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from node_gateway.chain.engines.anvil import MNEMONIC
from node_gateway.chain.hexadecimal import number_of, quantity
from node_gateway.chain.rpc import Call
from node_gateway.chain.rpc_errors import RpcError, RpcReason, reason_of

BLOCK_GAS_LIMIT: Final = 100_000_000
CHAIN_ID: Final = 131_277_322_940_537
_CAMEL: Final = {
    "parent_hash": "parentHash",
    "gas_used": "gasUsed",
    "gas_limit": "gasLimit",
    "base_fee_per_gas": "baseFeePerGas",
    "transaction_hash": "transactionHash",
    "transaction_index": "transactionIndex",
    "block_number": "blockNumber",
    "block_hash": "blockHash",
    "log_index": "logIndex",
    "contract_address": "contractAddress",
    "cumulative_gas_used": "cumulativeGasUsed",
    "effective_gas_price": "effectiveGasPrice",
}
_NONCE_MISMATCH: Final = re.compile(r"Expected (?P<expected>\d+), but got (?P<got>\d+)")
_CALL_FIELDS: Final = ("from", "to", "data", "value")


class InProcessRpc:
    """JSON-RPC without a wire: the portable subset on an eth-tester chain."""

    def __init__(self) -> None:
        from eth_tester import EthereumTester, PyEVMBackend

        backend = PyEVMBackend.from_mnemonic(
            MNEMONIC, genesis_parameters={"gas_limit": BLOCK_GAS_LIMIT}, hd_path="m/44'/60'/0'/0"
        )
        self.tester = EthereumTester(backend)
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda: CHAIN_ID,
            "web3_clientVersion": lambda: "EthereumTester/py-evm",
            "eth_blockNumber": lambda: self.tester.get_block_by_number("latest")["number"],
            "eth_getBlockByNumber": self._block,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getTransactionCount": lambda address, tag="latest": self.tester.get_nonce(address, tag),
            "eth_getCode": lambda address, tag="latest": self.tester.get_code(address, tag),
            "eth_getBalance": lambda address, tag="latest": self.tester.get_balance(address, tag),
            "eth_getLogs": self._logs,
            "eth_call": lambda tx, tag="latest": self.tester.call(self._transaction(tx), _tag(tag)),
            "eth_estimateGas": lambda tx: self.tester.estimate_gas(self._transaction(tx)),
            "eth_sendRawTransaction": self.tester.send_raw_transaction,
            "evm_setNextBlockTimestamp": self._time_travel,
            "evm_mine": lambda: self.tester.mine_blocks(1)[0],
        }

    async def call(self, method: str, *params: Any) -> Any:
        served = self._methods.get(method)
        if served is None:
            raise RpcError(RpcReason.METHOD_UNSUPPORTED, "method not found", method, -32601)
        try:
            return _json(served(*params))
        except RpcError:
            raise
        except Exception as error:  # eth-tester and py-evm raise whatever they like
            raise _error(method, error) from error

    async def batch(self, calls: Iterable[Call]) -> list[Any]:
        answers: list[Any] = []
        for call in calls:
            try:
                answers.append(await self.call(call.method, *call.params))
            except RpcError as error:
                answers.append(error)
        return answers

    async def close(self) -> None:
        """Nothing to close."""

    def _block(self, number: str, _is_full: bool) -> Any:
        from eth_tester.exceptions import BlockNotFound

        try:
            return self.tester.get_block_by_number(_tag(number), full_transactions=False)
        except BlockNotFound:
            return None

    def _receipt(self, tx_hash: str) -> Any:
        from eth_tester.exceptions import TransactionNotFound

        try:
            receipt = self.tester.get_transaction_receipt(tx_hash)
        except TransactionNotFound:
            return None
        return receipt if receipt["block_number"] is not None else None

    def _logs(self, wanted: Mapping[str, Any]) -> Any:
        block = self.tester.get_block_by_hash(wanted["blockHash"], full_transactions=False)
        receipts = (self.tester.get_transaction_receipt(tx_hash) for tx_hash in block["transactions"])
        logs: list[Any] = []
        count = 0
        for receipt in receipts:
            for log in receipt["logs"]:
                # eth-tester numbers logs within their transaction.
                logs.append({**log, "log_index": count})
                count += 1
        return [
            log for log in logs if log["address"].lower() == wanted.get("address", log["address"]).lower()
        ]

    def _transaction(self, tx: Mapping[str, Any]) -> dict[str, Any]:
        call = {name: tx[name] for name in _CALL_FIELDS if name in tx}
        return {"from": self.tester.get_accounts()[0], "to": "", "gas": BLOCK_GAS_LIMIT, **call}

    def _time_travel(self, timestamp: str) -> None:
        self.tester.time_travel(number_of(timestamp) - 1)


def _tag(text: str) -> Any:
    return number_of(text) if text.startswith("0x") else text


def _json(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return quantity(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return {_CAMEL.get(name, name): _json(inner) for name, inner in value.items()}
    return [_json(inner) for inner in value]


def _error(method: str, error: Exception) -> RpcError:
    message = str(error) or type(error).__name__
    name = type(error).__name__
    if name in ("TransactionFailed", "Revert"):
        return RpcError(RpcReason.REVERTED, message, method)
    if name == "BlockNotFound":
        return RpcError(RpcReason.BLOCK_NOT_FOUND, message, method)
    nonces = _NONCE_MISMATCH.search(message)
    if nonces is not None:
        is_low = int(nonces["got"]) < int(nonces["expected"])
        return RpcError(RpcReason.NONCE_TOO_LOW if is_low else RpcReason.NONCE_TOO_HIGH, message, method)
    return RpcError(reason_of(message), message, method)
