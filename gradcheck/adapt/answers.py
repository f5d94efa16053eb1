"""The gradients in what a backward returned, left on its object, or wrote as an update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapt.holdings import read
from gradcheck.adapt.observed import Convention
from gradcheck.adapt.returned import flattened, named
from gradcheck.errors import ContractError

__all__ = ["gradients_of"]


def gradients_of(
    work: Any, answer: Any, found: Convention, labels: Sequence[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return name -> gradient after a backward.

    Args:
        work: the object after it.
        answer: what it returned.
        found: the convention.
        labels: names of the inputs.
        before: values of the parameters before it, in their own dtype; some write an update.
    Raises:
        ContractError: it returned another number of gradients than at first.
    """
    params, places = found.params or {}, found.grads or {}
    gradients = dict(_returned(answer, found, labels))
    for n, place in places.items():
        if n not in gradients:
            gradients[n] = read(work, place)
    if found.updates:  # θ − 1 · g was written
        gradients |= {n: before[n] - read(work, p) for n, p in params.items() if n not in places}
    for n in params:
        value = gradients.get(n)
        if isinstance(value, (float, int)) and not isinstance(value, bool):
            gradients[n] = np.asarray(value, dtype=before[n].dtype)
        elif n in found.numbers and value is not None and np.size(value) == 1:
            gradients[n] = np.reshape(value, ())
    return gradients


def _returned(answer: Any, found: Convention, labels: Sequence[str]) -> dict[str, Any]:
    names = (*labels, *(found.params or {}))
    if answer is None:
        return {}
    if isinstance(answer, Mapping):
        return {n: g for n in names if (g := named(answer, n)) is not None}
    inputs = [n for n in found.order if n in labels]
    if not isinstance(answer, (tuple, list)):
        return {(inputs or labels)[0]: answer}
    if len(answer) == len(inputs) + 1 and isinstance(answer[-1], Mapping):
        own = {n: g for n in found.params or {} if (g := named(answer[-1], n)) is not None}
        return own | dict(zip(inputs, answer, strict=False))
    flat = [*answer[: len(inputs)], *flattened(answer[len(inputs) :])]
    due = found.order or tuple(labels)
    if len(flat) != len(due):
        raise ContractError(
            f"Expected backward to return {len(due)} gradients ({', '.join(due)}) but got {len(flat)}",
            check="contract.keys",
        )
    return dict(zip(due, flat, strict=True))
