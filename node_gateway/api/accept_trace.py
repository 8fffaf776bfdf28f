"""The `accept` span of one request."""

import time
from collections.abc import Callable, Sequence

from node_gateway.domain.submission_checks import CheckedSubmission
from node_gateway.service.accept_writer import Answer
from node_gateway.service.accepting import Checked
from node_gateway.tracing import NAMES_MAX, Traces
from partner_sdk.protocol.identities import OperationId

Render = Callable[[Sequence[Checked]], Answer]


class AcceptTrace:
    """Notes what the answer is made from, and ends the span when it is durable, or refused."""

    def __init__(self, traces: Traces, request_id: str) -> None:
        self._traces = traces
        self._request_id = request_id
        self._started_ns = time.time_ns()
        self._accepted: list[CheckedSubmission] = []
        self._refused = 0

    def noting(self, render: Render) -> Render:
        def render_and_note(checked: Sequence[Checked]) -> Answer:
            self._accepted = [item for item in checked if isinstance(item, CheckedSubmission)]
            self._refused = len(checked) - len(self._accepted)
            return render(checked)

        return render_and_note

    def end(self, error: str | None = None) -> None:
        """`error`: the code of the refusal of the whole request."""
        operations = [line.id for item in self._accepted for line in item.operations]
        self._traces.record(
            "accept",
            started_ns=self._started_ns,
            submissions=[item.id for item in self._accepted],
            error=error,
            attributes={
                "coalition.request_id": self._request_id,
                "coalition.operations": [OperationId(one).text for one in operations[:NAMES_MAX]],
                "coalition.operation_count": len(operations),
                "coalition.refused": self._refused,
            },
        )
