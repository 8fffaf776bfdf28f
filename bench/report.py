"""Figures for people."""

from collections.abc import Iterator, Mapping
from typing import Any


def as_text(figures: Mapping[str, Any]) -> str:
    """One figure a line; nested ones indented."""
    return "\n".join(_lines(figures, 0))


def _lines(figures: Mapping[str, Any], depth: int) -> Iterator[str]:
    width = max((len(name) for name in figures), default=0)
    for name, value in figures.items():
        if isinstance(value, Mapping) and depth < 2 and any(isinstance(v, Mapping) for v in value.values()):
            yield f"{'  ' * depth}{name}"
            yield from _lines(value, depth + 1)
        elif isinstance(value, list):
            yield f"{'  ' * depth}{name}"
            for entry in value:
                yield f"{'  ' * (depth + 1)}{_flat(entry)}"
        else:
            yield f"{'  ' * depth}{name:<{width}}  {_flat(value)}"


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return " · ".join(f"{name} {_flat(inner)}" for name, inner in value.items())
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
