"""Which gradients are claimed: what a user names in `wrt`, held against what the inputs are called."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.errors import InputError

__all__ = ["claimed_names"]


def claimed_names(wrt: Sequence[str] | str | None, names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the inputs that `wrt` names, a nest by its own name too; None for None, which leaves it to the backward.

    Args:
        wrt: names; a single one need not be in a tuple.
        names: what the inputs are called, entries of a nest "params.W".
    Raises:
        InputError: it names nothing, or what is no input: then nothing would be measured there.

    Example:
        >>> claimed_names("params", ("x", "params.W", "params.b"))
        ('params.W', 'params.b')
    """
    if wrt is None:
        return None
    told = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    parts = {name: [n for n in names if n == name or n.startswith(f"{name}.")] for name in told}
    unknown = ", ".join(repr(name) for name, found in parts.items() if not found)
    if unknown or not told:
        inputs = ", ".join(names)
        raise InputError(
            f"Expected wrt to name inputs, {inputs}, but got {unknown or 'none'}: no gradient would be measured"
        )
    return tuple(dict.fromkeys(name for found in parts.values() for name in found))
