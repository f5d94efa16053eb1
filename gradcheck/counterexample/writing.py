"""Values and names as code: arrays as literals, nests of variables, keys, identifiers that hide nothing."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.tree import is_container

__all__ = ["Name", "identifier", "keys", "literal", "quoted", "written"]


def quoted(key: Any) -> str:
    """Return a key as code, in the quotes that formatters prefer."""
    text = repr(key)
    return f'"{key}"' if text == f"'{key}'" and '"' not in key else text


class Name(str):
    """A variable in a nest of them."""


def written(nest: Any) -> str:
    """Return a nest of variables as code."""
    if isinstance(nest, Name):
        return str(nest)
    if isinstance(nest, Mapping):
        return "{" + ", ".join(f"{quoted(key)}: {written(item)}" for key, item in nest.items()) + "}"
    items = ", ".join(map(written, nest))
    return f"[{items}]" if isinstance(nest, list) else f"({items}{',' if len(nest) == 1 else ''})"


def keys(nest: Any, path: str) -> str:
    """Return the subscripts that lead to a leaf of a nest, from its dotted name."""
    if not path or not is_container(nest):
        return ""
    items = nest.items() if isinstance(nest, Mapping) else enumerate(nest)
    for key, item in items:
        if path == str(key) or path.startswith(f"{key}."):
            return f"[{quoted(key)}]" + keys(item, path[len(str(key)) + 1 :])
    return ""


def identifier(name: str) -> str:
    """Return a name as a variable that hides none of the program's own."""
    found = re.sub(r"\W", "_", name)
    found = found if found.isidentifier() else f"_{found}"
    return f"{found}_" if keyword.iskeyword(found) or found in _TAKEN else found


_TAKEN = (
    *("np", "torch", "jax", "dy", "phi", "step", "claimed", "measured", "slope", "params", "cache", "dx", "dparams"),
    *("grads", "pullback", "tensors", "layer", "forward", "vjp", "f", "grad", "act", "loss"),
)  # fmt: skip


def literal(value: Any) -> str:
    """Return an array as the numpy code that makes it again.

    Example:
        >>> literal(np.array([[1.0, -0.5]], dtype=np.float32))
        'np.array([[1.0, -0.5]], dtype=np.float32)'
    """
    if not isinstance(value, (np.ndarray, np.generic)):
        return repr(value)
    dtype = "" if value.dtype in (np.float64, np.int64, np.bool_) else f", dtype=np.{value.dtype.name}"
    if value.size > 1 and not np.any(value):
        return f"np.zeros({value.shape}{dtype})" if value.dtype != np.int64 else f"np.zeros({value.shape}, dtype=int)"
    return f"np.array({value.tolist()!r}{dtype})"
