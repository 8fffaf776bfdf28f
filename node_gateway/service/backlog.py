"""Back-pressure: how many accepted operations have no block yet."""

from sqlalchemy.ext.asyncio import AsyncConnection

from node_gateway.domain.errors import BacklogFullError
from node_gateway.service.clock import Clock, Since
from node_gateway.store.chain_head import ChainHead
from node_gateway.store.intake import count_backlog_operations

COUNT_MS = 500


class Backlog:
    """Counted from the tables every COUNT_MS; what this process accepts in between is added."""

    def __init__(self, clock: Clock, *, operations_max: int) -> None:
        self._operations_max = operations_max
        self._since_count = Since(clock)
        self.operations = 0

    async def on_turn(self, connection: AsyncConnection, head: ChainHead, *, has_moved: bool) -> None:
        if self._since_count.ms >= COUNT_MS:
            self.operations = await count_backlog_operations(connection)
            self._since_count.begin()

    def take(self, operations: int) -> None:
        """Makes room for operations that are about to be accepted.

        Raises:
            BacklogFullError: there is none.
        """
        if self.operations + operations > self._operations_max:
            raise BacklogFullError(
                backlog_operations=self.operations, backlog_operations_max=self._operations_max
            )
        self.operations += operations
