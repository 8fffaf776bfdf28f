"""Payments of the statements: recorded by the payer, confirmed by the payee, as partners and operator would. No part of a scenario file,
since they change no point and no position; what is left unpaid is compared with the model's statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from node_gateway.chain.abi import Event
from node_gateway.simulation.packing import NO_DEADLINE_S
from node_gateway.simulation.run import ScenarioRun
from partner_sdk import protocol
from partner_sdk.protocol import SignedSubmission, Submitter

# Now and then a payee has not looked yet.
CONFIRMED_OF_TEN = 9


class Payments:
    """What was paid so far.

    Attributes:
        recorded: payments.
        confirmed: payments.
    """

    def __init__(self, run: ScenarioRun) -> None:
        self.recorded = 0
        self.confirmed = 0
        self._run = run
        self._paid_minor: Counter[int] = Counter()

    async def pay_statements(self, cycle: int) -> None:
        """Pays every statement of a cycle in two parts, and confirms nine of ten payments."""
        chain = self._run.chain
        for partner in self._run.parties.partners.values():
            payable_minor = (await chain.read("statementOf", cycle, partner))["payableMinor"]
            first_minor = abs(payable_minor) // 3
            for part_minor in (first_minor, abs(payable_minor) - first_minor):
                if part_minor:
                    self._record(partner, part_minor, from_partner=payable_minor > 0, cycle=cycle)
        for payment in self._recorded(await chain.mine()):
            self.recorded += 1
            if self.recorded % 10 < CONFIRMED_OF_TEN:
                self._confirm(payment)
        self._run.book.enter(await chain.mine())

    async def differences(self, expected: dict[str, Any]) -> list[str]:
        """Where what a partner has not paid on chain is not what the expected report's statements leave unpaid."""
        found = []
        for partner_id, partner in self._run.parties.partners.items():
            payable_minor = sum(
                cycle["statements"][partner_id]["payable_minor"] for cycle in expected["cycles"]
            )
            should_minor = payable_minor - self._paid_minor[partner]
            unpaid_minor, _ = await self._run.chain.read("unpaidOf", partner)
            if unpaid_minor != should_minor:
                found.append(
                    f"unpaid.{partner_id}: the model says {should_minor}, the contracts say {unpaid_minor}"
                )
        return found

    def _record(
        self, partner: protocol.PartnerId, amount_minor: int, *, from_partner: bool, cycle: int
    ) -> None:
        reference = f"cycle {cycle}".encode().ljust(32, b"\0")
        if from_partner:
            sequence = self._run.book.take_sequence()
            self._submit(partner, protocol.RecordPayment(sequence, amount_minor, reference))
        else:
            self._run.chain.add_act("recordPayment", partner, amount_minor, reference)

    def _recorded(self, events: list[Event]) -> Iterator[dict[str, Any]]:
        self._run.book.enter(events)
        return (event.args for event in events if event.name == "PaymentRecorded")

    def _confirm(self, payment: dict[str, Any]) -> None:
        self.confirmed += 1
        partner, amount_minor = protocol.PartnerId(payment["partner"]), payment["amountMinor"]
        self._paid_minor[partner] += amount_minor if payment["fromPartner"] else -amount_minor
        if payment["fromPartner"]:
            self._run.chain.add_act("confirmPayment", payment["payment"])
        else:
            sequence = self._run.book.take_sequence()
            self._submit(partner, protocol.ConfirmPayment(sequence, payment["payment"]))

    def _submit(self, partner: protocol.PartnerId, operation: protocol.Operation) -> None:
        submitter = Submitter.of(partner)
        submission = SignedSubmission.sign(
            [operation],
            submitter=submitter,
            deadline_s=NO_DEADLINE_S,
            domain=self._run.chain.domain,
            key=self._run.parties.keys[submitter],
        )
        self._run.chain.add_batches([submission])
