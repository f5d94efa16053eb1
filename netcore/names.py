"""Find a thing by its name, or say which names there are; hold numbers to their ranges."""

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
    near = difflib.get_close_matches(str(name).lower(), registry, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"Expected {argument} one of {known} but got {argument}={name!r}{hint}")


def at_least(least: float, **values: float) -> None:
    """Raise ValueError where a named value is below `least`, or NaN."""
    for name, value in values.items():
        if not value >= least:
            raise ValueError(f"Expected {name} at least {least} but got {name}={value}")


def positive(**values: float) -> None:
    """Raise ValueError where a named value is not above 0."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"Expected {name} above 0 but got {name}={value}")


def fraction(**values: float) -> None:
    """Raise ValueError where a named value is outside [0, 1]."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"Expected {name} in [0, 1] but got {name}={value}")
