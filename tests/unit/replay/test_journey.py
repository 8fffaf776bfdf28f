"""Reading the data package, and saying what is missing."""

from datetime import date
from pathlib import Path

import pytest

from replay import journey
from replay.journey import DataPackageMissingError, local_day, read_journey
from replay.plan import PlannedPurchase, PlannedRedemption, plan_days


def test_reads_the_first_days_of_the_real_data() -> None:
    days = list(plan_days(read_journey(days=2)))

    operations = [one for day in days for one in day.operations]
    purchases = [one for one in operations if isinstance(one, PlannedPurchase)]
    redemptions = [one for one in operations if isinstance(one, PlannedRedemption)]
    assert [day.day for day in days] == [date(2017, 1, 1), date(2017, 1, 2)]
    assert (len(purchases), len(redemptions)) == (1806, 59)
    assert {one.partner for one in operations} == set(range(1, 9))
    assert sum(one.spend_minor for one in purchases) > 10_000_00


def test_every_day_ends_at_the_stores_midnight() -> None:
    lines = read_journey(days=1).lines

    assert {local_day(time_s) for time_s in lines.local_time_s.tolist()} == {date(2017, 1, 1)}


def test_names_the_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journey, "DATA_PACKAGE", "completejourney_not_there")

    with pytest.raises(DataPackageMissingError, match="completejourney_not_there is not installed"):
        read_journey(days=1)


def test_names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataPackageMissingError, match=r"products\.parquet"):
        read_journey(days=1, data_dir=tmp_path)
