"""The user's own objects taken apart: what their constructor was given, so that it can be given something else."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

__all__ = ["constructed", "integers", "with_integer"]


def constructed(thing: Any) -> dict[str, Any] | None:
    """Return the arguments that would construct an object again, None where they cannot be known.

    They are the fields of a dataclass; of another object, the attributes that are called as its constructor's
    arguments are, where it has one for each.
    """
    if isinstance(thing, type) or inspect.isroutine(thing) or inspect.ismodule(thing):
        return None
    if is_dataclass(thing):
        return {f.name: getattr(thing, f.name) for f in fields(thing) if f.init}
    kept = getattr(thing, "__dict__", None)
    if kept is None or type(thing).__module__ == "builtins":
        return None
    try:
        taken = inspect.signature(type(thing)).parameters.values()
    except (TypeError, ValueError):  # written in C
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if any(p.kind not in named or p.name not in kept for p in taken):
        return None
    return {p.name: kept[p.name] for p in taken}


def integers(thing: Any) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Yield (path, value) of the positive integers that an object, and those in it, were constructed with."""
    for key, part in _parts(thing):
        if type(part) is int and part > 0:
            yield (key,), part
        else:
            yield from (((key, *path), value) for path, value in integers(part))


def with_integer(thing: Any, path: Sequence[Any], value: int) -> Any:
    """Return an object with one of its integers replaced, constructed anew.

    Args:
        thing: as in `integers`; it is left as it is.
        path: as `integers` yields it.
        value: in its place.
    """
    if not path:
        return value
    first, *rest = path
    parts = dict(_parts(thing))
    parts[first] = with_integer(parts[first], rest, value)
    return tuple(parts.values()) if isinstance(thing, tuple) else type(thing)(**parts)


def _parts(thing: Any) -> Iterator[tuple[Any, Any]]:
    if type(thing) is tuple:
        yield from enumerate(thing)
    else:
        yield from (constructed(thing) or {}).items()
