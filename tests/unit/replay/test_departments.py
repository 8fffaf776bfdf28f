"""Departments → eight partners."""

from replay.departments import OTHER_PARTNER, REPLAY_PARTNERS, partner_for_department


def test_has_eight_partners_numbered_from_one() -> None:
    assert [entry.partner for entry in REPLAY_PARTNERS] == list(range(1, 9))


def test_no_department_belongs_to_two_partners() -> None:
    departments = [department for entry in REPLAY_PARTNERS for department in entry.departments]

    assert len(departments) == len(set(departments))


def test_gives_every_other_department_to_the_last_partner() -> None:
    assert partner_for_department(None) == partner_for_department("NEW ONE") == OTHER_PARTNER
