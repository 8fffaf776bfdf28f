"""geth as the chain that a command brings along: its blocks outlive a kill, its clock is the machine's."""

from collections.abc import Sequence

from node_gateway.chain.engines.geth import arguments_of, geth_binary, prepare_chain
from node_gateway.chain.rpc import HttpRpc
from node_gateway.cli.child_processes import ChildProcess, ChildProcesses, require_free_port
from node_gateway.cli.local_chain import CHAIN_HOST, CHAIN_PORT_VARIABLE, chain_answers
from node_gateway.cli.state_directory import StateDirectory

GETH = "geth"


async def start_local_geth(
    children: ChildProcesses, state: StateDirectory, *, port: int, funded: Sequence[str]
) -> ChildProcess:
    """Starts geth on the chain of the state directory, made on the first start, and waits until it answers.

    Args:
        children: who stops it again.
        state: holds the chain.
        port: where it listens.
        funded: accounts that have coin in a new chain.

    Raises:
        BinaryMissingError: where geth was not built.
        EngineBuildError: where the chain cannot be made.
        CommandError: where the port is taken, or it does not start.
    """
    require_free_port(
        CHAIN_HOST, port, what="local chain", setting=f"{CHAIN_PORT_VARIABLE}, or use a chain of your own"
    )
    binary = geth_binary()
    data = await prepare_chain(binary, state.chain / GETH, funded)
    command = [str(binary), *arguments_of(data, host=CHAIN_HOST, port=port)]
    child = await children.start("chain", command)
    rpc = HttpRpc(f"http://{CHAIN_HOST}:{port}", timeout_s=5)
    try:
        await children.until_ready(child, lambda: chain_answers(rpc))
    finally:
        await rpc.close()
    return child
