"""What a row is on its way into the tables."""

from typing import Any

Row = dict[str, Any]
"""By the names of its columns."""
Values = tuple[Any, ...]
"""As the database stores them, in an order of columns that is said beside."""
