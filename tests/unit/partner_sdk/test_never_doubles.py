"""Whatever breaks, and whenever the process dies: each purchase settles once or never, and its caller was not told the contrary."""

import httpx2
import stamina
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import partner_sdk
from partner_sdk import MemorySequenceStore, OperationId, Partner
from partner_sdk.testing import FakeGateway
from tests.unit.partner_sdk.conftest import StandingClock

faults = st.lists(
    st.tuples(
        st.sampled_from(
            [httpx2.ReadError("reset"), httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow"), 500, 503]
        ),
        st.booleans(),
    ),
    max_size=5,
)


class Till(RuleBasedStateMachine):
    """A till whose sequence store survives (it is in memory here, so that many runs are quick) and whose process does not."""

    @initialize()
    def start(self) -> None:
        stamina.set_testing(True, attempts=4, cap=True)
        self.clock = StandingClock()
        self.fake = FakeGateway(clock_s=self.clock)
        self.member = self.fake.new_member().member
        self.store = MemorySequenceStore()
        self.told_settled: dict[OperationId, int] = {}
        self.left_open: dict[OperationId, int] = {}
        self.spends_refused: list[int] = []
        self.spend_minor = 0
        self.restart()

    @rule()
    def restart(self) -> None:
        self.partner: Partner = self.fake.partner(sequences=self.store, validity_s=600)

    @rule(broken=faults)
    def purchase(self, broken: list[tuple[Exception | int, bool]]) -> None:
        self.spend_minor += 1
        for failure, after_work in broken:
            self.fake.fail_next(
                failure, after_work=after_work and not isinstance(failure, httpx2.ConnectError)
            )
        try:
            receipt = self.partner.purchase(self.member, self.spend_minor, wait_s=0.001)
        except (partner_sdk.OutcomeUnknownError, partner_sdk.SettlementPendingError) as error:
            self.left_open[error.operations[0]] = self.spend_minor
        except (partner_sdk.GatewayError, partner_sdk.SubmissionRefusedError):
            self.spends_refused.append(self.spend_minor)
        else:
            self.told_settled[receipt.operation] = self.spend_minor

    @rule(at_once=st.booleans())
    def blocks_come(self, at_once: bool) -> None:
        self.fake.settles_at_once = at_once
        self.fake.settle()

    @rule()
    def time_passes(self) -> None:
        self.clock.now_s += 3_600

    @rule(broken=faults)
    def resume(self, broken: list[tuple[Exception | int, bool]]) -> None:
        for failure, after_work in broken:
            self.fake.fail_next(
                failure, after_work=after_work and not isinstance(failure, httpx2.ConnectError)
            )
        try:
            resumed = self.partner.resume()
        except (partner_sdk.GatewayError, partner_sdk.OutcomeUnknownError):
            return
        assert not resumed.refused

    @invariant()
    def what_was_told_is_true(self) -> None:
        settled = self.fake.settled_purchases()
        assert self.told_settled.items() <= settled.items()
        assert settled.keys() <= self.told_settled.keys() | self.left_open.keys()
        assert not set(settled.values()) & set(self.spends_refused)
        assert len(set(settled.values())) == len(settled)

    def teardown(self) -> None:
        if not hasattr(self, "partner"):
            return
        self.fake.settles_at_once = True
        self.fake.repair()
        self.restart()
        for _ in range(3):
            self.fake.settle()
            self.partner.resume()
        assert self.fake.settled_purchases() == self.told_settled | self.left_open
        assert not self.store.unfinished(partner_sdk.Submitter.parse("1.0"))
        stamina.set_testing(False)


TestTill = Till.TestCase
TestTill.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
