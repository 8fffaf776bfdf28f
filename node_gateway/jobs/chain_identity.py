"""Is this still the chain that the tables speak of?"""

from enum import StrEnum

from eth_hash.auto import keccak

from node_gateway.chain import node
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.hexadecimal import text_of
from node_gateway.chain.rpc import Rpc


class ChainDifference(StrEnum):
    """What tells that the chain is another one."""

    CHAIN_ID = "chain_id"
    GENESIS = "genesis"
    LEDGER = "ledger"


class ChainReplacedError(Exception):
    """The node serves another chain, or one that lost the ledger."""

    def __init__(self, difference: ChainDifference, expected: str, found: str) -> None:
        super().__init__(
            f"this is not the chain of the deployment: {difference.value} is {found}, expected {expected}"
        )
        self.difference = difference
        self.expected = expected
        self.found = found


async def assert_same_chain(rpc: Rpc, deployment: Deployment) -> None:
    """Compare chain id, genesis hash and the ledger's code.

    Raises:
        ChainReplacedError: naming what differs.
        RpcError: the node did not answer.
    """
    chain_id = await node.chain_id(rpc)
    if chain_id != deployment.chain_id:
        raise ChainReplacedError(ChainDifference.CHAIN_ID, str(deployment.chain_id), str(chain_id))
    genesis = await node.header_at(rpc, 0)
    genesis_hash = text_of(genesis.block_hash) if genesis else "none"
    if genesis_hash != deployment.genesis_hash:
        raise ChainReplacedError(ChainDifference.GENESIS, deployment.genesis_hash, genesis_hash)
    code_hash = text_of(keccak(await node.code_at(rpc, deployment.ledger)))
    if code_hash != deployment.code_hash:
        raise ChainReplacedError(ChainDifference.LEDGER, deployment.code_hash, code_hash)
