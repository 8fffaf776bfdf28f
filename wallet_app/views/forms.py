"""Reading the fields of forms: what a person typed becomes a value, or a sentence that says what is wrong."""

from starlette.datastructures import FormData

from partner_sdk.protocol import POINTS_MAX, ProtocolError
from partner_sdk.protocol import MemberId as MemberBytes
from wallet_app.errors import FormInvalidError
from wallet_app.gateway import MemberId, PartnerId

DIGITS_MAX = 12
GROUPING = str.maketrans("", "", "  \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE},.'")


def read_points(form: FormData, *, points_max: int | None = None) -> int:
    """Whole points, 1 … `points_max` (or the ledger's most). Separators of thousands are accepted.

    Raises:
        FormInvalidError: it is no number, not positive, or over the bound.
    """
    typed = str(form.get("points", "")).translate(GROUPING)
    if not (typed.isascii() and typed.isdigit() and len(typed) <= DIGITS_MAX):
        raise FormInvalidError(field="points", message_key="form.points_not_a_number")
    points = int(typed)
    if points < 1:
        raise FormInvalidError(field="points", message_key="form.points_not_a_number")
    if points > min(POINTS_MAX, POINTS_MAX if points_max is None else points_max):
        raise FormInvalidError(field="points", message_key="form.points_too_many")
    return points


def read_partner(form: FormData, partners: dict[PartnerId, str]) -> PartnerId:
    """One of the partners.

    Raises:
        FormInvalidError: none or an unknown one was chosen.
    """
    chosen = str(form.get("partner", ""))
    for partner in partners:
        if chosen == str(partner):
            return partner
    raise FormInvalidError(field="partner", message_key="form.partner_missing")


def read_member(form: FormData, *, own: MemberId) -> MemberId:
    """Another member's number.

    Raises:
        FormInvalidError: it is no member's number, or the member's own.
    """
    typed = "".join(str(form.get("to", "")).split())
    try:
        member = MemberId(MemberBytes.parse("0x" + typed.lower().removeprefix("0x")).text)
    except ProtocolError:
        raise FormInvalidError(field="to", message_key="form.member_not_a_number") from None
    if member == own.lower():
        raise FormInvalidError(field="to", message_key="form.member_is_self")
    return member
