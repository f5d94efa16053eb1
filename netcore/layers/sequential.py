"""Layers one after another, as one layer.

The parameters are one flat mapping: "0.W" is the parameter "W" of layer 0, so that whatever can perturb a mapping of
arrays can perturb a whole network, and networks nest: "2.0.W".
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.protocol import Array, Layer, Params, Stateful


class Cache(NamedTuple):
    """What backward needs again."""

    caches: tuple[Any, ...]  # one a layer


@dataclass(frozen=True)
class Sequential:
    """y = layer_n(... layer_1(layer_0(x))).

    Args:
        layers: layers of the protocol, in forward order; a list is kept as a tuple.

    Example:
        >>> layer = Sequential([Dense(3, 5), Tanh(), Dense(5, 2)])
        >>> sorted(layer.init(np.random.default_rng(0)))
        ['0.W', '0.b', '2.W', '2.b']
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))  # a frozen dataclass allows no other assignment

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw the parameters of every layer, in order."""
        return join(layer.init(rng) for layer in self.layers)

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Run the layers in order."""
        caches = []
        for i, layer in enumerate(self.layers):
            x, cache = layer.forward(part(params, i), x, rng=rng)
            caches.append(cache)
        return x, Cache(tuple(caches))

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array | None, dict[str, Array]]:
        """Pull dy back through the layers in reverse: each one's dx is the dy of the one before.

        Where a layer has no dx (its input is integer), every layer before it has zero gradients.
        """
        dx: Array | None = dy
        grads: list[dict[str, Array]] = [{} for _ in self.layers]
        for i, layer in reversed(list(enumerate(self.layers))):
            mine = part(params, i)
            if dx is None:
                grads[i] = {name: np.zeros_like(array) for name, array in mine.items()}
            else:
                dx, grads[i] = layer.backward(mine, cache.caches[i], dx)
        return dx, join(grads)

    def refresh(self, params: Params, cache: Cache) -> dict[str, Array]:
        """Return the statistics of every layer that keeps any, after this batch."""
        triples = zip(self.layers, cache.caches, itertools.count(), strict=False)
        return join(
            layer.refresh(part(params, i), inner) if isinstance(layer, Stateful) else {} for layer, inner, i in triples
        )


def part(params: Params, i: int | str) -> dict[str, Array]:
    """Return the parameters of layer i under their own names: {"W": ...} from {"0.W": ...}."""
    prefix = f"{i}."
    return {name[len(prefix) :]: array for name, array in params.items() if name.startswith(prefix)}


def join(parts: Iterable[Params]) -> dict[str, Array]:
    """Return one flat mapping of the parameters of several layers: {"0.W": ...} from [{"W": ...}]."""
    return {f"{i}.{name}": array for i, mine in enumerate(parts) for name, array in mine.items()}
