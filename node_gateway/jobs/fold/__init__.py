"""Events folded into the read model, in order: the same events give the same rows, however they are cut into runs."""

from collections.abc import Iterable

from node_gateway.chain.abi import Event
from node_gateway.jobs.fold import accounts, campaigns, clearing, registry
from node_gateway.jobs.fold.model import ReadModel

_HANDLERS = accounts.HANDLERS | campaigns.HANDLERS | registry.HANDLERS | clearing.HANDLERS


def fold(model: ReadModel, events: Iterable[Event], block_number: int) -> None:
    """Fold the events of one block; rows that they need are loaded (`prefetch.load_for`).

    Raises:
        FoldMismatchError: where lots do not add up to what the chain says.
    """
    model.block_number = block_number
    for event in events:
        handler = _HANDLERS.get(event.name)
        if handler is not None:
            handler(model, event)
