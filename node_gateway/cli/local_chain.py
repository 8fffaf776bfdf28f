"""The chain that a command brings along, or the one that a URL names.

The embedded default is anvil: it needs no set-up and its clock can be set. It lives in memory; what it knows is written when it
is stopped, and now and then in between.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from node_gateway.chain import node
from node_gateway.chain.engines.anvil import AnvilOptions, anvil_binary, arguments_of
from node_gateway.chain.engines.clock import ChainClock
from node_gateway.chain.engines.stepping import ACCOUNT_BALANCE_WEI
from node_gateway.chain.hexadecimal import number_of, quantity
from node_gateway.chain.rpc import HttpRpc, Rpc
from node_gateway.chain.rpc_errors import RpcError
from node_gateway.cli.child_processes import ChildProcess, ChildProcesses, require_free_port
from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.state_directory import StateDirectory

CHAIN_HOST = "127.0.0.1"
CHAIN_PORT = 8545
CHAIN_PORT_VARIABLE = "COALITION_CHAIN_PORT"
ANVIL = "anvil"
# anvil writes in place: a full disk or a kill leaves half a file. So it loads one and writes the other.
FIRST_BLOCK_FILE = "chain/first-block.json"
KEPT_FILE = "anvil.json"
WRITTEN_FILE = "anvil.next.json"
_END_OF_DUMP = b'"historical_states":null}'
# A dump stops the engine while it is written (about 10 kB an operation): seldom enough not to be felt. What a kill loses is made again
# from the database.
ANVIL_DUMP_EVERY_S = 300
DUMP_WAIT_MAX_S = 120.0


async def start_local_chain(
    children: ChildProcesses,
    state: StateDirectory,
    *,
    port: int = CHAIN_PORT,
    timestamp_s: int,
) -> ChildProcess:
    """Starts anvil on the state that it left, or anew, and waits until it answers.

    Args:
        children: who stops it again.
        state: holds the chain's file.
        port: where it listens.
        timestamp_s: time of a new chain's block 0.

    Raises:
        CommandError: where the port is taken, anvil is not installed or does not start.
    """
    require_free_port(
        CHAIN_HOST,
        port,
        what="local chain",
        setting=f"{CHAIN_PORT_VARIABLE}, or use a chain of your own with --chain URL",
    )
    options = AnvilOptions(
        host=CHAIN_HOST,
        port=port,
        timestamp_s=timestamp_s,
    )
    kept, written = state.chain / KEPT_FILE, state.chain / WRITTEN_FILE
    keep_whole_dump(kept, written)
    command = [str(anvil_binary()), *arguments_of(options)]
    command += ["--dump-state", str(written), "--state-interval", str(ANVIL_DUMP_EVERY_S)]
    if kept.exists():
        command += ["--load-state", str(kept)]
    child = await children.start("chain", command, stop_wait_max_s=DUMP_WAIT_MAX_S)
    rpc = HttpRpc(f"http://{CHAIN_HOST}:{port}", timeout_s=5)
    try:
        await children.until_ready(child, lambda: chain_answers(rpc))
    finally:
        await rpc.close()
    return child


@dataclass(frozen=True, slots=True)
class FirstBlock:
    """When a local chain begins, kept in the state directory: a chain that lost everything is begun anew with the same block 0.

    Attributes:
        timestamp_s: of block 0.
        follows_machine: its clock is the machine's, not that of a time that is replayed.
    """

    timestamp_s: int
    follows_machine: bool


def first_block_of(state: StateDirectory, genesis_timestamp_s: int | None) -> FirstBlock:
    """The first block of a state directory's chain, written down when the chain is begun.

    Args:
        state: holds the chain.
        genesis_timestamp_s: of a chain that is not there yet; the machine's clock by default.
    """
    kept = state.read_json(FIRST_BLOCK_FILE)
    if isinstance(kept, dict):
        return FirstBlock(int(kept["timestamp_s"]), bool(kept["follows_machine"]))
    first = FirstBlock(
        int(time.time()) if genesis_timestamp_s is None else genesis_timestamp_s, genesis_timestamp_s is None
    )
    state.write_json(FIRST_BLOCK_FILE, asdict(first))
    return first


async def restore_clock(rpc: Rpc, first: FirstBlock) -> None:
    """Lets a local chain go on at its time: the machine's, or where its last block was."""
    header = await node.header_at(rpc, "latest")
    assert header is not None, "a chain without a latest block"
    if first.follows_machine and header.number == 0:
        return
    await set_clock(rpc, int(time.time()) if first.follows_machine else header.timestamp_s + 1)


def keep_whole_dump(kept: Path, written: Path) -> None:
    """Takes over what a chain wrote last, unless it did not come to the end of it."""
    if not written.exists():
        return
    with written.open("rb") as file:
        file.seek(max(0, written.stat().st_size - len(_END_OF_DUMP)))
        is_whole = file.read() == _END_OF_DUMP
    if is_whole:
        written.replace(kept)
    else:
        written.unlink()


async def require_clock_before(rpc: Rpc, timestamp_s: int) -> None:
    """Checks that a chain's clock can still be set to a time.

    Raises:
        CommandError: where it is past it: a chain's clock never goes back.
    """
    header = await node.header_at(rpc, "latest")
    assert header is not None, "a chain without a latest block"
    if header.timestamp_s >= timestamp_s:
        raise CommandError(
            f"the chain's clock is at {_text_of_time(header.timestamp_s)}, past {_text_of_time(timestamp_s)}, and cannot go back",
            "start the chain with an early first block (anvil --timestamp 1483000000), or use --chain anvil",
            ExitCode.CHAIN,
        )


def _text_of_time(timestamp_s: int) -> str:
    return datetime.fromtimestamp(timestamp_s, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


async def require_chain(rpc: Rpc, url: str, *, expected_chain_id: int | None) -> int:
    """The id of the chain behind a URL.

    Raises:
        CommandError: where nothing answers, or another chain does.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise CommandError(
            f"not the URL of a chain: {url}", "give anvil, or http://host:port", ExitCode.USAGE
        )
    try:
        chain_id = await node.chain_id(rpc)
    except RpcError as error:
        raise CommandError(
            f"no chain answers at {url}: {error.message}",
            "start it, or name another with COALITION_RPC_URL",
            ExitCode.CHAIN,
        ) from error
    if expected_chain_id is not None and chain_id != expected_chain_id:
        raise CommandError(
            f"the chain at {url} has id {chain_id}, the program was deployed on chain {expected_chain_id}",
            "name the right chain with COALITION_RPC_URL, or another state directory with COALITION_STATE_DIR",
            ExitCode.CHAIN,
        )
    return chain_id


async def fund(rpc: Rpc, addresses: Iterable[str]) -> None:
    """Gives accounts of a development chain coin for fees; on other chains it checks that they have some.

    Raises:
        CommandError: naming an account that has none.
    """
    for address in addresses:
        # Only where there is need: what is set here is in no transaction, and a chain that is made again should come out the same.
        if number_of(await rpc.call("eth_getBalance", address, "latest")) >= ACCOUNT_BALANCE_WEI // 2:
            continue
        try:
            await rpc.call("anvil_setBalance", address, quantity(ACCOUNT_BALANCE_WEI))
        except RpcError as error:
            if number_of(await rpc.call("eth_getBalance", address, "latest")) == 0:
                raise CommandError(
                    f"{address} has no coin on this chain to pay for transactions",
                    f"send it some: {error.message}",
                    ExitCode.CHAIN,
                ) from error


async def set_clock(rpc: Rpc, timestamp_s: int) -> int:
    """Sets a development chain's clock forward and makes a block, so that everyone sees the new time.

    A time that is already past changes nothing: a chain's clock never goes back.

    Returns:
        The time of the newest block.

    Raises:
        CommandError: where the chain's clock cannot be set.
    """
    header = await node.header_at(rpc, "latest")
    assert header is not None, "a chain without a latest block"
    target_s = max(timestamp_s, header.timestamp_s + 1)
    try:
        await ChainClock(rpc, ANVIL).advance_to(target_s)
    except RpcError as error:
        raise CommandError(
            f"this chain's clock cannot be set: {error.message}",
            "the replay of past days needs a development chain; use --chain anvil",
            ExitCode.CHAIN,
        ) from error
    return target_s


async def chain_answers(rpc: Rpc) -> bool:
    """Whether a node is there."""
    try:
        # Bounded besides the client's own limits: a port that someone else took may swallow the question.
        async with asyncio.timeout(2):
            await node.chain_id(rpc)
    except (RpcError, TimeoutError):
        return False
    return True
