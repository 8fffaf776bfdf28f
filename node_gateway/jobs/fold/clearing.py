"""Events of clearing: positions, cycles, statements, payments."""

from node_gateway.chain.abi import Event
from node_gateway.jobs.fold.model import PROGRAM_ID, ReadModel


def fold_position_changed(model: ReadModel, event: Event) -> None:
    args = event.args
    model.rows["positions"].put({
        "partner": args["partner"],
        "base_micro": args["base"],
        "bonus_micro": args["bonus"],
        "credit_micro": args["credit"],
        "reimbursed_micro": args["reimbursed"],
        "as_of_block": model.block_number,
    })  # fmt: skip


def fold_cycle_closed(model: ReadModel, event: Event) -> None:
    cycle = event.args["cycle"]
    model.rows["cycles"].put({"cycle": cycle, "day": event.args["day"], "block_number": model.block_number})
    model.rows["program"].change(PROGRAM_ID)["current_cycle"] = cycle + 1


def fold_statement_issued(model: ReadModel, event: Event) -> None:
    args = event.args
    model.rows["statements"].put({
        "partner": args["partner"],
        "cycle": args["cycle"],
        "base_micro": args["base"],
        "bonus_micro": args["bonus"],
        "credit_micro": args["credit"],
        "reimbursed_micro": args["reimbursed"],
        "carried_in_micro": args["carriedIn"],
        "payable_minor": args["payableMinor"],
        "carried_out_micro": args["carriedOut"],
        "block_number": model.block_number,
    })  # fmt: skip


def fold_payment_recorded(model: ReadModel, event: Event) -> None:
    args = event.args
    model.rows["payments"].put({
        "payment": args["payment"],
        "partner": args["partner"],
        "is_from_partner": args["fromPartner"],
        "amount_minor": args["amountMinor"],
        "reference": args["reference_"],
        "recorded_block": model.block_number,
        "confirmed_block": None,
        "unpaid_minor": None,
    })  # fmt: skip


def fold_payment_confirmed(model: ReadModel, event: Event) -> None:
    payment = model.rows["payments"].change(event.args["payment"])
    payment.update(confirmed_block=model.block_number, unpaid_minor=event.args["unpaidMinor"])


HANDLERS = {
    "PositionChanged": fold_position_changed,
    "CycleClosed": fold_cycle_closed,
    "StatementIssued": fold_statement_issued,
    "PaymentRecorded": fold_payment_recorded,
    "PaymentConfirmed": fold_payment_confirmed,
}
