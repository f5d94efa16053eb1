"""Which gradients a backward returned, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapt.holdings import spellings
from gradcheck.errors import InputError

__all__ = ["flattened", "named", "order_of"]


def order_of(
    owner: str,
    returned: Any,
    labels: Sequence[str],
    owed: Sequence[str],
    shapes: Mapping[str, tuple[int, ...] | None],
    kept: Mapping[str, Any],
    params: Sequence[str] | None,
    moving: Callable[[Sequence[str]], list[str]],
) -> tuple[tuple[str, ...], set[str]]:
    """Return the order of what backward returned, and the parameters that it answers for.

    Args:
        owner: what is adapted, for messages.
        returned: by the backward.
        labels: names of the inputs.
        owed: those that may have a gradient; the others, an option or a number, may be left out of what is returned.
        shapes: of what may be a parameter, in the order in which the object keeps it; None of a plain number.
        kept: parameters whose gradient stands on the object; they may be returned as well.
        params: names that the user gave.
        moving: which of some names move the output.
    Raises:
        InputError: the returned gradients cannot be told apart.
    """
    if isinstance(returned, Mapping):
        return (), _in(returned, shapes)
    if not isinstance(returned, (tuple, list)):
        return tuple((owed or labels)[:1]) if returned is not None else (), set()
    if len(returned) > 1 and isinstance(returned[-1], Mapping):
        inputs = owed if len(returned) == len(owed) + 1 else labels
        return tuple(inputs), _in(returned[-1], shapes)
    every = list(flattened(returned))
    arrays = [n for n, shape in shapes.items() if shape is not None]
    free = [n for n in arrays if n not in kept]

    def choices() -> Iterator[list[str]]:
        if params is not None:
            yield list(params)
            return
        yield free
        yield moving(free)
        yield moving([n for n in shapes if n not in kept])
        yield moving(arrays)
        yield moving(list(shapes))

    def alike(gradients: Sequence[Any], names: Sequence[str]) -> bool:
        return len(gradients) == len(names) and all(
            np.size(g) == 1 if shapes[n] is None else np.shape(g) == shapes[n]
            for g, n in zip(gradients, names, strict=True)
        )

    # one for each input, or for those alone that may have one
    heads = [labels, owed] if owed and list(owed) != list(labels) else [labels]
    rests = [list(flattened(returned[len(inputs) :])) for inputs in heads]
    if not rests[0]:
        own = list(params) if params is not None else moving(free)  # without its input's gradient, as a network's
        if own and alike(every, own):
            return tuple(own), set(own)
        if len(returned) == len(labels) or len(heads) == 1 or not rests[1]:
            return tuple(owed if len(returned) == len(owed) else labels), set()
    for inputs, rest in zip(heads, rests, strict=True):
        for names in choices():
            if rest and alike(rest, names):
                return (*inputs, *names), set(names)
    for names in choices():
        if alike(every, names):
            return tuple(names), set(names)
    for inputs, rest in zip(heads, rests, strict=True):
        same = next((names for names in choices() if len(names) == len(rest)), None)
        if same:  # a check tells which shape is wrong
            return (*inputs, *same), set(same)
    if not rests[0]:
        return tuple(labels), set()
    open_ = list(params) if params is not None else moving(list(shapes))
    raise InputError(
        f"{owner}'s backward returns {len(rests[0])} gradients beside those of the inputs, but the object keeps "
        f"{len(open_)} floating-point arrays and numbers that move its output: {', '.join(open_) or 'none'}; name them "
        'in the order of the gradients: params=("W", "b")'
    )


def _in(answer: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...] | None]) -> set[str]:
    """Return the names that a dictionary answers for; a plain number's gradient has one entry."""
    found = {n: named(answer, n) for n in shapes}
    return {n for n, g in found.items() if g is not None and (shapes[n] is not None or np.size(g) == 1)}


def flattened(values: Any) -> Iterator[Any]:
    """Yield the gradients in nested lists and tuples."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from flattened(value)
        else:
            yield value


def named(answer: Mapping[str, Any], name: str) -> Any:
    """Return the gradient of a name in a dictionary that a backward returned, or None."""
    return next((answer[key] for key in (name, *spellings(name)) if key in answer), None)
