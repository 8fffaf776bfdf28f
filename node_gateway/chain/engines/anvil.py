"""anvil: the embedded default. In memory; its clock can be set.

A state file is only a convenience: anvil writes it every few seconds and when it is stopped in order, so a kill loses the tail. The gateway
notices and sends the stored batches again.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from node_gateway.chain.engines.process import BinaryMissingError, EngineProcess, start_process

MNEMONIC = "test test test test test test test test test test test junk"
ANVIL_CHAIN_ID = 31337
BLOCK_GAS_LIMIT = 2_000_000_000
STATE_INTERVAL_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class AnvilOptions:
    """How anvil runs.

    Attributes:
        block_time_s: a block every so many seconds; None mines a block for each transaction as it comes.
        mines_on_demand: no block but on evm_mine.
        mixed_mining: with `block_time_s`: a block at once for a transaction, and one every so many seconds anyhow.
        timestamp_s: time of the genesis block; None means now.
        state_path: where state is loaded from and dumped to; None keeps none.
        accounts: how many funded accounts.
        block_gas_limit: gas a block may use.
        has_transaction_gas_cap: hold the 16.78 M cap of EIP-7825, as other engines do.
    """

    port: int = 8545
    host: str = "127.0.0.1"
    chain_id: int = ANVIL_CHAIN_ID
    block_time_s: int | None = None
    mines_on_demand: bool = False
    mixed_mining: bool = False
    timestamp_s: int | None = None
    state_path: Path | None = None
    state_interval_s: int = STATE_INTERVAL_S
    accounts: int = 10
    block_gas_limit: int = BLOCK_GAS_LIMIT
    has_transaction_gas_cap: bool = True


def anvil_binary(checkout: Path | None = None) -> Path:
    """The anvil of the checkout's node_modules, or the one on the path.

    Raises:
        BinaryMissingError: where there is none.
    """
    root = checkout or Path(__file__).resolve().parents[3]
    local = root / "node_modules" / ".bin" / "anvil"
    found = str(local) if local.exists() else shutil.which("anvil")
    if found is None:
        raise BinaryMissingError("anvil", "run scripts/setup, which installs it with npm")
    return _native(Path(found))


def _native(path: Path) -> Path:
    """The program behind npm's launcher: the launcher is a Node process that a kill by id would leave its child to."""
    package = path.resolve().parent
    candidates = sorted(package.parent.glob("anvil-*/bin/anvil")) + sorted(
        package.glob("node_modules/@foundry-rs/anvil-*/bin/anvil")
    )
    return candidates[0] if candidates else path


async def start_anvil(options: AnvilOptions, *, log_path: Path, binary: Path | None = None) -> EngineProcess:
    """Start anvil and wait until it answers.

    Raises:
        BinaryMissingError: where anvil is not installed.
        PortInUseError: where the port is taken.
        EngineDidNotStartError: where it does not come up.
    """
    command = [str(binary or anvil_binary()), *arguments_of(options)]
    return await start_process("anvil", command, host=options.host, port=options.port, log_path=log_path)


def arguments_of(options: AnvilOptions) -> list[str]:
    """anvil's command line."""
    arguments = [
        "--host", options.host, "--port", str(options.port), "--chain-id", str(options.chain_id),
        "--mnemonic", MNEMONIC, "--accounts", str(options.accounts), "--balance", "1000000000",
        "--gas-limit", str(options.block_gas_limit), "--block-base-fee-per-gas", "0", "--gas-price", "0",
        "--disable-min-priority-fee", "--order", "fifo", "--quiet", "--no-request-size-limit", "--prune-history",
    ]  # fmt: skip
    if options.has_transaction_gas_cap:
        arguments.append("--enable-tx-gas-limit")
    if options.mines_on_demand:
        arguments.append("--no-mining")
    elif options.block_time_s is not None:
        arguments += ["--block-time", str(options.block_time_s)]
        if options.mixed_mining:
            arguments.append("--mixed-mining")
    if options.timestamp_s is not None:
        arguments += ["--timestamp", str(options.timestamp_s)]
    if options.state_path is not None:
        options.state_path.parent.mkdir(parents=True, exist_ok=True)
        arguments += ["--state", str(options.state_path), "--state-interval", str(options.state_interval_s)]
    return arguments
