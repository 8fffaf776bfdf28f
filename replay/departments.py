"""Which of the eight partners stands for which departments of the completejourney data.

The data is one retailer's. Its departments are grouped into eight so that a basket that crosses departments becomes
purchases at several partners; no real coalition is meant.
"""

from dataclasses import dataclass

OTHER_PARTNER = 8


@dataclass(frozen=True, slots=True)
class ReplayPartner:
    """A partner of the replay.

    Attributes:
        partner: number on chain, 1 … 8.
        name: as recorded on chain.
        departments: the data's department names that it stands for.
    """

    partner: int
    name: str
    departments: tuple[str, ...]


REPLAY_PARTNERS = (
    ReplayPartner(1, "Grocery", ("GROCERY", "FROZEN GROCERY")),
    ReplayPartner(
        2,
        "Drugstore",
        ("DRUG GM", "COSMETICS", "GM MERCH EXP", "PHOTO & VIDEO", "TOYS", "ELECT &PLUMBING", "HOUSEWARES"),
    ),
    ReplayPartner(3, "Produce", ("PRODUCE", "PROD-WHS SALES", "FLORAL", "GARDEN CENTER")),
    ReplayPartner(4, "Butcher", ("MEAT", "MEAT-PCKGD", "MEAT-WHSE", "PORK", "SEAFOOD", "SEAFOOD-PCKGD")),
    ReplayPartner(5, "Deli", ("DELI", "SALAD BAR", "CHEF SHOPPE", "RESTAURANT", "DELI/SNACK BAR")),
    ReplayPartner(6, "Bakery", ("PASTRY", "BAKERY")),
    ReplayPartner(7, "Fuel", ("FUEL", "AUTOMOTIVE", "TRAVEL & LEISURE")),
    # Everything that is in no group above, and lines without a department, is this partner's.
    ReplayPartner(
        OTHER_PARTNER, "Nutrition and services", ("NUTRITION", "SPIRITS", "MISCELLANEOUS", "COUPON")
    ),
)

_PARTNER_BY_DEPARTMENT = {
    department: entry.partner for entry in REPLAY_PARTNERS for department in entry.departments
}


def partner_for_department(department: str | None) -> int:
    """The partner, 1 … 8, that stands for a department of the data; an unknown or missing one is the eighth's."""
    return _PARTNER_BY_DEPARTMENT.get(department or "", OTHER_PARTNER)
