"""Nested inputs and outputs: tuples, lists and dictionaries of arrays, flattened in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

__all__ = ["is_container", "leaves", "rebuild"]


_NUMBERS = (bool, int, float, complex)  # numpy's scalars are leaves of their own: a float64 is a float to isinstance


def is_container(value: object) -> bool:
    """Whether a value holds leaves: a mapping, or a list or tuple that is not just a list of numbers."""
    if isinstance(value, np.ndarray):
        return False
    if isinstance(value, Mapping):
        return True
    return isinstance(value, (list, tuple)) and any(type(item) not in _NUMBERS for item in value)


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, leaf) of a nest, mappings in their own order.

    Example:
        >>> [name for name, _ in leaves({"W": np.zeros(2), "rest": (np.zeros(1), np.zeros(3))}, "params")]
        ['params.W', 'params.rest.0', 'params.rest.1']
    """
    if not is_container(value):
        yield name, value
        return
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        yield from leaves(item, f"{name}.{key}" if name else str(key))


def rebuild(value: Any, replace: Callable[[Any], Any]) -> Any:
    """Return the same nest with every leaf replaced, in the order of `leaves`.

    Example:
        >>> rebuild({"a": 1.0, "b": [np.float64(2), None]}, lambda leaf: 0)
        {'a': 0, 'b': [0, 0]}
    """
    if not is_container(value):
        return replace(value)
    if isinstance(value, Mapping):
        return {key: rebuild(item, replace) for key, item in value.items()}
    items = [rebuild(item, replace) for item in value]
    if hasattr(value, "_fields"):  # a NamedTuple takes its fields one by one
        return type(value)(*items)
    return tuple(items) if isinstance(value, tuple) else items
