"""Column types that are the same on SQLite and PostgreSQL."""

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from node_gateway.domain.unsigned64 import signed64, unsigned64


class UnsignedBigInteger(TypeDecorator[int]):
    """0 … 2^64 - 1 in a BIGINT. Raw SQL (COPY, text) must call `signed64` itself."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else signed64(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else unsigned64(value)


class WideInteger(TypeDecorator[int]):
    """Any whole number up to int256, as decimal text: positions in micro-units outgrow 64 bits."""

    impl = sa.String(80)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class JsonText(TypeDecorator[Any]):
    """A JSON value as text with sorted keys, so that equal values are equal bytes on both databases."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


Address = sa.LargeBinary(20)
Hash = sa.LargeBinary(32)
# SQLite numbers rows by itself only in a column declared INTEGER.
RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
