"""What a backward owes a gradient, and a refusal where it gives none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapt.conventions import is_truth
from gradcheck.errors import InputError
from gradcheck.point import differentiable, is_label

__all__ = ["claimed_inputs", "refuse_silent"]


def claimed_inputs(
    method: str,
    answered: Mapping[str, Any],
    given: Collection[str],
    labels: Sequence[str],
    values: Sequence[Any],
    y: Any,
    constants: Collection[str],
    moves: Callable[[int], bool],
) -> tuple[str, ...]:
    """Return the inputs whose gradient a backward claims.

    Where it gives that of one input it owes those of all that move the output; where it gives none, as a network's or
    a first layer's, it is asked for parameters alone. Labels, masks, single numbers and the truth of a loss are owed
    none, and may be answered None.

    Args:
        method: name of the backward, for messages.
        answered: by input, what a backward returned that returns one gradient an input.
        given: names for which a gradient, or None, was found.
        labels: names of the inputs.
        values: the inputs.
        y: the output.
        constants: names that the user said to have no gradient.
        moves: whether the output moves with an input, by its number.
    Raises:
        InputError: an input moves the output and has no gradient.
    """
    owed = {n for n, v in zip(labels, values, strict=True) if n not in constants and _is_owed(n, v, y)}
    claimed = tuple(
        n
        for n, v in zip(labels, values, strict=True)
        if n in given and n not in constants and differentiable(v) and (n in owed or answered.get(n, v) is not None)
    )
    for i, n in enumerate(labels):
        if claimed and n in owed and n not in claimed and moves(i):
            due = ", ".join(f"d{label}" for label in labels)
            raise InputError(
                f"{method} gives a gradient of {claimed[0]} and none of {n}, which moves the output, too. Return one "
                f"an input, ({due}), or say that {n} has none: constants=({n!r},)"
            )
    return claimed


def _is_owed(name: str, value: Any, y: Any) -> bool:
    loss = not isinstance(y, (tuple, list)) and np.ndim(y) <= 1  # of the whole, or one a sample
    array = differentiable(value) and np.ndim(value) > 0
    return array and is_label(value) is not True and not (loss and is_truth(name))


def refuse_silent(owner: str, left: Sequence[str]) -> None:
    """Refuse an object with an array that moves its output and whose gradient was found nowhere."""
    for n in left:
        last = n.rpartition(".")[2]
        raise InputError(
            f"{owner} keeps an array {n!r} that moves its output, and no gradient was found for it "
            f"(looked for d{last}, grad_{last}, {last}_grad, grads[{last!r}], ... and in what backward returns). Say "
            f'where it is, grads={{{n!r}: "attribute"}}, or that it has none, constants=({n!r},)'
        )
