"""geth --dev as a durable chain on one box.

Blocks survive a kill only with the three storage flags below (measured: none lost in 3 of 3; geth's defaults lost the whole chain). The
development genesis needs the four system contracts; their code is read from go-ethereum's own sources, kept beside the program when it is
built, so that it is never a copy that ages here.
"""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from node_gateway.chain.engines.process import BinaryMissingError, EngineProcess, start_process

GETH_VERSION: Final = "v1.17.8"
GETH_MODULE: Final = "github.com/ethereum/go-ethereum"
GETH_CHAIN_ID: Final = 7701
ENGINES_DIRECTORY: Final = ".engines"
BLOCK_PERIOD_S: Final = 1
BLOCK_GAS_LIMIT: Final = 200_000_000
BUILD_WAIT_S_MAX: Final = 1_800.0
INIT_WAIT_S_MAX: Final = 60.0
BALANCE_WEI: Final = 10**24
# Nothing here asks for the logs of a range, which is what the index is for; and what is executed ahead of a block is executed again.
_LEAN: Final = ("--history.logs.disable", "--cache.noprefetch")
_DURABLE: Final = ("--db.engine", "leveldb", "--state.scheme", "hash")
_SYSTEM_CONTRACTS: Final = ("BeaconRoots", "HistoryStorage", "WithdrawalQueue", "ConsolidationQueue")

Progress = Callable[[str], None]


class EngineBuildError(Exception):
    """The engine could not be built or set up."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(f"{what}: {detail}")
        self.what = what
        self.detail = detail


def geth_binary(checkout: Path | None = None) -> Path:
    """The geth that `scripts/setup --engines` built.

    Raises:
        BinaryMissingError: where there is none.
    """
    binary = (checkout or Path(__file__).resolve().parents[3]) / ENGINES_DIRECTORY / "bin" / "geth"
    if not binary.exists():
        raise BinaryMissingError(
            "geth", "run scripts/setup --engines, which builds it (Go, one to three minutes)"
        )
    return binary


async def build_geth(directory: Path, *, progress: Progress = lambda _: None) -> Path:
    """Build geth into `directory`/bin unless it is there; takes one to three minutes the first time.

    Raises:
        BinaryMissingError: where there is no Go.
        EngineBuildError: with what the build said.
    """
    binary = directory / "bin" / "geth"
    if binary.exists() and _parameters_file(binary).exists():
        return binary
    progress(f"building geth {GETH_VERSION} (one to three minutes)")
    binary.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(binary.parent.resolve())}
    command = [_go(), "install", f"{GETH_MODULE}/cmd/geth@{GETH_VERSION}"]
    await _run("building geth", command, environment=environment, wait_s_max=BUILD_WAIT_S_MAX)
    # The genesis of a new chain takes them from here: making one needs no Go.
    source = await _module_directory() / "params" / "protocol_params.go"
    _parameters_file(binary).write_text(source.read_text())
    return binary


async def start_geth(
    binary: Path,
    directory: Path,
    *,
    host: str = "127.0.0.1",
    port: int,
    funded: Sequence[str],
    period_s: int = BLOCK_PERIOD_S,
    block_gas_limit: int = BLOCK_GAS_LIMIT,
) -> EngineProcess:
    """Start geth on the chain in `directory`, made on the first start, and wait until it answers.

    Args:
        binary: of `geth_binary`.
        directory: holds the chain, its genesis and the log.
        host: to listen on.
        port: of JSON-RPC.
        funded: accounts that have coin in a new chain.
        period_s: seconds between blocks; 0: a block when a transaction comes.
        block_gas_limit: gas a block may use.

    Raises:
        EngineBuildError: where a new chain cannot be made.
        PortInUseError: where the port is taken.
        EngineDidNotStartError: where geth does not come up.
    """
    data = await prepare_chain(binary, directory, funded, block_gas_limit=block_gas_limit)
    arguments = arguments_of(data, host=host, port=port, period_s=period_s, block_gas_limit=block_gas_limit)
    command = [str(binary), *arguments]
    return await start_process("geth", command, host=host, port=port, log_path=directory / "geth.log")


def arguments_of(
    data: Path,
    *,
    host: str,
    port: int,
    period_s: int = BLOCK_PERIOD_S,
    block_gas_limit: int = BLOCK_GAS_LIMIT,
) -> list[str]:
    """geth's command line on a prepared chain."""
    return [
        "--dev", "--dev.period", str(period_s), "--datadir", str(data), *_DURABLE, "--gcmode", "archive", *_LEAN,
        "--networkid", str(GETH_CHAIN_ID), "--nodiscover", "--maxpeers", "0", "--ipcdisable", "--port", "0",
        "--http", "--http.addr", host, "--http.port", str(port), "--http.api", "eth,net,web3,txpool,debug",
        "--authrpc.port", "0", "--miner.gaslimit", str(block_gas_limit), "--miner.gasprice", "1", "--rpc.txfeecap", "0",
        "--txpool.accountslots", "16384", "--txpool.globalslots", "65536",
        "--txpool.accountqueue", "16384", "--txpool.globalqueue", "65536",
    ]  # fmt: skip


async def prepare_chain(
    binary: Path, directory: Path, funded: Sequence[str], *, block_gas_limit: int = BLOCK_GAS_LIMIT
) -> Path:
    """The chain in `directory`, made where there is none; its data directory.

    Raises:
        EngineBuildError: where it cannot be made.
    """
    data = directory / "data"
    if data.exists():
        return data
    directory.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  # one small local directory
    source = _parameters_file(binary)
    if not source.exists():
        source = await _module_directory() / "params" / "protocol_params.go"
    genesis = directory / "genesis.json"
    content = genesis_of(source.read_text(), funded, block_gas_limit=block_gas_limit)
    genesis.write_text(json.dumps(content))
    # Into a directory of another name first: a half-made chain must not be taken for one.
    part = directory / "data.part"
    shutil.rmtree(part, ignore_errors=True)
    command = [str(binary), "init", "--datadir", str(part), *_DURABLE, str(genesis)]
    await _run("making the chain", command, environment=dict(os.environ), wait_s_max=INIT_WAIT_S_MAX)
    part.rename(data)
    return data


def genesis_of(
    parameters_source: str, funded: Sequence[str], *, block_gas_limit: int = BLOCK_GAS_LIMIT
) -> dict[str, Any]:
    """The development genesis, all forks active from the first block.

    Args:
        parameters_source: the text of go-ethereum's params/protocol_params.go.
        funded: accounts with coin.
        block_gas_limit: of block 0.
    """
    addresses = dict(
        re.findall(r'(\w+)Address\s*=\s*common\.HexToAddress\("0x([0-9a-fA-F]{40})"\)', parameters_source)
    )
    codes = dict(re.findall(r'(\w+)Code\s*=\s*common\.FromHex\("([0-9a-fA-F]+)"\)', parameters_source))
    accounts = {
        addresses[name]: {"balance": "0x0", "nonce": "0x1", "code": "0x" + codes[name]}
        for name in _SYSTEM_CONTRACTS
    }
    accounts |= {account.removeprefix("0x"): {"balance": hex(BALANCE_WEI)} for account in funded}
    blocks = (
        "homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul", "berlin",
        "london", "mergeNetsplit",
    )  # fmt: skip
    wider = {"target": 6, "max": 9, "baseFeeUpdateFraction": 5_007_716}
    config: dict[str, Any] = {
        "chainId": GETH_CHAIN_ID,
        **{f"{name}Block": 0 for name in blocks},
        **{f"{name}Time": 0 for name in ("shanghai", "cancun", "prague", "osaka")},
        "terminalTotalDifficulty": 0,
        "blobSchedule": {
            "cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477},
            "prague": wider,
            "osaka": wider,
        },
    }
    return {
        "config": config, "difficulty": "0x0", "gasLimit": hex(block_gas_limit), "baseFeePerGas": "0x7",
        "extraData": "0x", "timestamp": "0x0", "alloc": accounts,
    }  # fmt: skip


def _parameters_file(binary: Path) -> Path:
    return binary.with_name("protocol_params.go")


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        raise BinaryMissingError("go", "install Go 1.24 or newer to build geth, or use anvil")
    return go


async def _module_directory() -> Path:
    command = [_go(), "mod", "download", "-json", f"{GETH_MODULE}@{GETH_VERSION}"]
    output = await _run(
        "finding go-ethereum", command, environment=dict(os.environ), wait_s_max=BUILD_WAIT_S_MAX
    )
    return Path(json.loads(output)["Dir"])


async def _run(what: str, command: Sequence[str], *, environment: dict[str, str], wait_s_max: float) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd="/", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), wait_s_max)
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise EngineBuildError(what, f"not done within {wait_s_max:.0f} s") from error
        raise
    if process.returncode != 0:
        raise EngineBuildError(what, errors.decode(errors="replace").strip()[-500:])
    return output.decode()
