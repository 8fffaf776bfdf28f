"""Every fault of the campaign by its name, armed by the seed's schedule, taken where it strikes, counted when it does."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What can go wrong. The value is the name in reports."""

    # A process stops dead, at the next step of this kind.
    STOP_AT_STATEMENT = "stop dead at a statement"
    STOP_BEFORE_COMMIT = "stop dead before a commit"
    STOP_AFTER_COMMIT = "stop dead after a commit"
    STOP_BEFORE_CALL = "stop dead before a call to the node"
    STOP_AFTER_CALL = "stop dead after a call to the node"
    STOP_BEFORE_SEND = "stop dead before a batch is sent"
    STOP_AFTER_SEND = "stop dead after a batch was sent"
    STOP_IN_WEBHOOK = "stop dead in a webhook"
    STOP_BEFORE_ANSWER = "stop dead before an answer"
    # The node.
    NODE_LATE = "node answers late"
    NODE_TWICE = "node is asked twice by its proxy"
    NODE_NEVER = "node never answers"
    NODE_ERROR_AFTER_ACCEPTING = "node errs after accepting"
    NODE_DROPS_POOL = "node drops its pool"
    NODE_LAGS = "node lags"
    NODE_OMITS_LOGS = "node omits logs with a 200"
    NODE_CAPS_RANGES = "node caps ranges"
    NODE_REORGANISES = "node reorganises"
    NODE_REORGANISES_DEEP = "node reorganises six blocks and more"
    NODE_FREEZES = "node freezes for ten minutes"
    NODE_LOSES_TAIL = "node loses its tail"
    NODE_RESET = "node is reset to its genesis"
    NODE_BALANCER = "balancer with a node five blocks behind"
    NODE_POOL_FULL = "node's pool is full"
    NODE_DEARER = "node wants a higher fee"
    NODE_GARBLED = "node answers with something else"
    # The database.
    COMMIT_LOST_BEFORE = "database disconnects before a COMMIT"
    COMMIT_LOST_AFTER = "database disconnects after a COMMIT"
    DEADLOCK = "database deadlocks"
    DATABASE_FULL = "database is full"
    # Everything else.
    TWO_GATEWAYS = "submission through two gateways"
    REORDERED = "submissions reordered on the way"
    REPEATED = "request repeated"
    CLOCK_FORWARD = "clock jumps forward"
    CLOCK_BACK = "clock jumps back"
    WEBHOOK_HANGS = "webhook hangs"
    WEBHOOK_REFUSES = "webhook refuses"


STOPS = tuple(fault for fault in Fault if fault.value.startswith("stop dead"))


@dataclass
class Faults:
    """What is armed for one process or node, and how often each fault struck in the seed.

    Attributes:
        struck: shared by all of a seed.
    """

    struck: Counter[Fault]
    armed: Counter[Fault] = field(default_factory=Counter)

    def arm(self, fault: Fault, times: int = 1) -> None:
        """Strike at the next occasions."""
        self.armed[fault] += times

    def takes(self, fault: Fault) -> bool:
        """Whether the fault strikes here, now; counted when it does."""
        if self.armed[fault] <= 0:
            return False
        self.armed[fault] -= 1
        self.struck[fault] += 1
        return True

    def is_armed(self, fault: Fault) -> bool:
        """Whether it would strike at its next occasion."""
        return self.armed[fault] > 0

    def count(self, fault: Fault) -> None:
        """A fault that strikes by itself."""
        self.struck[fault] += 1

    def disarm(self) -> None:
        """Faults stop."""
        self.armed.clear()
