"""What an optimiser is: a rule from a gradient, and what it remembers, to a step.

The parameters and gradients are one flat mapping, {"0.W": ...}, and so is what is remembered, {"m.0.W": ...}: it can be
saved with the parameters and training goes on where it stopped. A rule changes nothing that it is given.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np

from netcore.protocol import Array, Params

Rate: TypeAlias = float | Callable[[int], float]


class Optimiser(Protocol):
    """A rule for one step."""

    def init(self, params: Params) -> dict[str, Array]:
        """Return what is remembered before the first step."""
        ...

    def step(self, params: Params, grads: Params, state: Params, t: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the parameters and what is remembered after step t, counted from 0."""
        ...


def rate(learning_rate: Rate, t: int) -> float:
    """Return the learning rate of step t: the number itself, or what a schedule says."""
    return learning_rate(t) if callable(learning_rate) else learning_rate


def trainable(params: Params) -> list[str]:
    """Return the names that a gradient moves: all but running_ statistics, whatever layer they are nested in."""
    return [name for name in params if not name.rpartition(".")[2].startswith("running_")]


def zeros(params: Params, *kinds: str) -> dict[str, Array]:
    """Return zeros like every trainable parameter, once for each kind: "m.0.W" ..."""
    return {f"{kind}.{name}": np.zeros_like(params[name]) for kind in kinds for name in trainable(params)}


def moved(params: Params, steps: Params) -> dict[str, Array]:
    """Return the parameters less their steps, each in its own dtype; those without a step as they are."""
    return {
        name: (array - steps[name]).astype(array.dtype, copy=False) if name in steps else array
        for name, array in params.items()
    }
