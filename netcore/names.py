"""Find a thing by its name, or say which names there are."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def choose(registry: Mapping[str, T], name: str, argument: str) -> T:
    """Return `registry[name]`.

    Args:
        registry: what there is to choose from.
        name: the user's word.
        argument: what the user calls this choice, for the message: "act", "loss" ...
    Raises:
        ValueError: no such name; the message lists the names and offers the nearest one.
    """
    if name in registry:
        return registry[name]
    known = ", ".join(repr(key) for key in registry)
    near = difflib.get_close_matches(str(name), registry, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"Expected {argument} one of {known} but got {argument}={name!r}{hint}")
