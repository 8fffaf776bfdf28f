"""Which faults a seed brings, when, and where they strike."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Final

from tests.faults.fault_kinds import STOPS, Fault
from tests.faults.gateway import STOP_KINDS, GatewayUnderTest, Slot
from tests.faults.node import FREEZE_S, Network

FAULTS_S: Final = 28.0
COUNT: Final = (6, 14)
WAIT_FOR_POOL_S: Final = 8.0
DEEP: Final = (6, 14)
FREEZE_CHANCE: Final = 0.09
STUCK_S_MAX: Final = 60.0
"""How long anything may stay open once faults have stopped."""

_NODE: Final = (
    Fault.NODE_LATE, Fault.NODE_TWICE, Fault.NODE_NEVER, Fault.NODE_ERROR_AFTER_ACCEPTING, Fault.NODE_GARBLED,
    Fault.NODE_OMITS_LOGS, Fault.NODE_OMITS_LOGS, Fault.NODE_POOL_FULL, Fault.NODE_LOSES_TAIL,
)  # fmt: skip
_CHAIN: Final = (
    Fault.NODE_REORGANISES, Fault.NODE_REORGANISES_DEEP, Fault.NODE_LAGS, Fault.NODE_BALANCER, Fault.NODE_DEARER,
    Fault.NODE_DROPS_POOL,
)  # fmt: skip
_DATABASE: Final = (
    Fault.COMMIT_LOST_BEFORE, Fault.COMMIT_LOST_AFTER, Fault.DEADLOCK, Fault.DATABASE_FULL,
)  # fmt: skip
_OTHER: Final = (
    Fault.CLOCK_FORWARD, Fault.CLOCK_BACK, Fault.WEBHOOK_HANGS, Fault.WEBHOOK_REFUSES,
)  # fmt: skip


class Schedule:
    """The faults of one seed.

    Attributes:
        rate_s: mean seconds between two submissions.
        keeps_order: nothing was scheduled after which the chain itself may turn the order of two lanes around.
    """

    def __init__(self, network: Network, gateways: Sequence[GatewayUnderTest], dice: Random) -> None:
        self._network = network
        self._gateways = list(gateways)
        self._dice = dice
        self.is_frozen_seed = dice.random() < FREEZE_CHANCE
        self.rate_s = 0.9 if not self.is_frozen_seed else 14.0
        kinds = [*_NODE, *_DATABASE, *_DATABASE, *_OTHER, *STOPS, *STOPS]
        kinds += [Fault.NODE_RESET] * 4 if network.is_development else _CHAIN
        self._plan = sorted(
            (dice.uniform(0, FAULTS_S), dice.choice(kinds)) for _ in range(dice.randint(*COUNT))
        )
        taken_back = {
            Fault.NODE_REORGANISES, Fault.NODE_REORGANISES_DEEP, Fault.NODE_LOSES_TAIL, Fault.NODE_RESET,
        }  # fmt: skip
        self.keeps_order = taken_back.isdisjoint(kind for _, kind in self._plan)

    async def run(self) -> None:
        """Let everything happen."""
        begun_s = asyncio.get_running_loop().time()
        happening = []
        for at_s, kind in self._plan:
            await asyncio.sleep(max(0.0, begun_s + at_s - asyncio.get_running_loop().time()))
            happening.append(asyncio.create_task(self._strike(kind)))
        if self.is_frozen_seed:
            await self._freeze()
        await asyncio.sleep(max(0.0, begun_s + FAULTS_S + 2 - asyncio.get_running_loop().time()))
        for task in happening:
            task.cancel()
        await asyncio.gather(*happening, return_exceptions=True)

    def heal(self) -> None:
        """Faults stop."""
        self._network.heal()
        for gateway in self._gateways:
            gateway.receivers.faults.disarm()
            for slot in gateway.slots:
                slot.faults.disarm()

    async def _strike(self, kind: Fault) -> None:
        dice, network = self._dice, self._network
        if kind in STOPS:
            self._slot_for(kind).faults.arm(kind)
        elif kind in _DATABASE:
            self._slot().faults.arm(kind, dice.randint(1, 3))
        elif kind in (Fault.WEBHOOK_HANGS, Fault.WEBHOOK_REFUSES):
            dice.choice(self._gateways).receivers.faults.arm(kind, dice.randint(1, 2))
        elif kind in (Fault.CLOCK_FORWARD, Fault.CLOCK_BACK):
            slot, sign = self._slot(), 1 if kind is Fault.CLOCK_FORWARD else -1
            jump_s = dice.choice([5, 40, 600, 7_200])
            slot.clock.offset_s += sign * jump_s
            network.faults.count(kind)
            if sign < 0 and jump_s > STUCK_S_MAX:
                # Only together do they show who waits by a clock that was set back before sending again.
                await self._drop_pool()
        elif kind in (Fault.NODE_REORGANISES, Fault.NODE_REORGANISES_DEEP):
            depth = dice.randint(1, 4) if kind is Fault.NODE_REORGANISES else dice.randint(*DEEP)
            await self._until_blocks(depth + 3)
            network.faults.count(kind)
            network.chain.reorganise(depth, network.now_s(), keeps_transactions=dice.random() < 0.7)
        elif kind is Fault.NODE_LOSES_TAIL:
            await self._until_blocks(4)
            network.faults.count(kind)
            network.chain.lose_tail(dice.randint(1, 8))
        elif kind is Fault.NODE_RESET:
            network.faults.count(kind)
            network.chain.reset(network.now_s())
            network.is_automining = True
        elif kind is Fault.NODE_DROPS_POOL:
            await self._drop_pool()
        else:
            await self._misbehave(kind)

    async def _misbehave(self, kind: Fault) -> None:
        dice, network = self._dice, self._network
        if kind is Fault.NODE_LAGS:
            network.lag_blocks = dice.randint(1, 8)
            await asyncio.sleep(dice.uniform(2, 15))
            network.lag_blocks = 0
        elif kind is Fault.NODE_BALANCER:
            network.is_balanced = True
            await asyncio.sleep(dice.uniform(4, 15))
            network.is_balanced = False
        elif kind is Fault.NODE_POOL_FULL:
            network.is_pool_full = True
            await asyncio.sleep(dice.uniform(3, 12))
            network.is_pool_full = False
        elif kind is Fault.NODE_DEARER:
            network.chain.base_fee_wei *= dice.randint(4, 40)
        else:
            network.faults.arm(kind, dice.randint(1, 3))

    async def _freeze(self) -> None:
        network = self._network
        network.faults.count(Fault.NODE_FREEZES)
        network.is_frozen, network.is_silent = True, self._dice.random() < 0.5
        await asyncio.sleep(FREEZE_S)
        network.thaw()

    async def _drop_pool(self) -> None:
        for _ in range(int(WAIT_FOR_POOL_S / 0.1)):
            if self._network.chain.drop_pool():
                self._network.faults.count(Fault.NODE_DROPS_POOL)
                return
            await asyncio.sleep(0.1)

    async def _until_blocks(self, count: int) -> None:
        while len(self._network.chain.blocks) < count + 2:  # noqa: ASYNC110  # the simulated chain tells nobody
            await asyncio.sleep(0.5)

    def _slot(self) -> Slot:
        return self._dice.choice([slot for gateway in self._gateways for slot in gateway.slots])

    def _slot_for(self, kind: Fault) -> Slot:
        gateway = self._dice.choice(self._gateways)
        slots = [slot for slot in gateway.apis if kind in STOP_KINDS["api"]]
        slots += [slot for slot in gateway.workers if kind in STOP_KINDS["worker"]]
        return self._dice.choice(slots)
