"""Layers in any acyclic arrangement: branches, merges, and parameters that several places share.

Going forward, each node runs on what earlier nodes gave. Going back, the derivatives that reach a node from all who
used it are added before its layer pulls them back; so are the gradients of parameters that several nodes share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.sequential import part
from netcore.protocol import Array, Layer, Params, Stateful

INPUT = "x"


@dataclass(frozen=True)
class Node:
    """A layer, where its input comes from, and where its parameters do.

    Args:
        name: of the node and, before a dot, of its parameters.
        layer: one array in, or for several inputs a tuple of them.
        inputs: names of earlier nodes, "x" for the input of the graph; several for a layer that takes a tuple.
        shares: name of an earlier node whose parameters this one uses; None for its own.
    """

    name: str
    layer: Layer
    inputs: str | tuple[str, ...] = INPUT
    shares: str | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the inputs, one or several, as a tuple."""
        return (self.inputs,) if isinstance(self.inputs, str) else self.inputs

    @property
    def owner(self) -> str:
        """Return whose parameters this node uses."""
        return self.name if self.shares is None else self.shares


class Cache(NamedTuple):
    """What backward needs again."""

    caches: dict[str, Any]  # one a node
    x: Array  # the input, for its shape if nothing used it


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each comes after its inputs; the last one's result is y.

    The parameters are "name.W" for the parameter "W" of the node "name".

    Args:
        nodes: at least one; a list is kept as a tuple.

    Example:
        >>> shared = Graph([Node("a", Dense(3, 3)), Node("b", Tanh(), "a"), Node("c", Dense(3, 3), "b", shares="a")])
        >>> sorted(shared.init(np.random.default_rng(0)))
        ['a.W', 'a.b']
    """

    nodes: Sequence[Node]

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(self.nodes))  # a frozen dataclass allows no other assignment
        if not self.nodes:
            raise ValueError("Expected at least one node but got nodes=()")
        known, owners = [INPUT], list[str]()
        for node in self.nodes:
            if node.name in known or "." in node.name:
                raise ValueError(
                    f"Expected node names without a dot, each once and not 'x', but got name={node.name!r}"
                )
            for source in node.sources:
                if source not in known:
                    raise ValueError(f"Expected inputs of {node.name!r} among {known} but got {source!r}")
            if node.shares is not None and node.shares not in owners:
                raise ValueError(f"Expected {node.name!r} to share with one of {owners} but got shares={node.shares!r}")
            known.append(node.name)
            owners += [node.name] if node.shares is None else []

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw the parameters of every node that has its own."""
        drawn = {node.name: node.layer.init(rng) for node in self.nodes if node.shares is None}
        return {f"{name}.{key}": array for name, mine in drawn.items() for key, array in mine.items()}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Run the nodes in order.

        Raises:
            ValueError: x is a tuple; put arrays of one length side by side and cut them apart in the first nodes.
        """
        if isinstance(x, tuple):
            raise ValueError(f"Expected one array for a graph but got a tuple of {len(x)}")
        results, caches = {INPUT: x}, {}
        for node in self.nodes:
            given = tuple(results[source] for source in node.sources)
            entry = given[0] if isinstance(node.inputs, str) else given
            results[node.name], caches[node.name] = node.layer.forward(part(params, node.owner), entry, rng=rng)
        return results[self.nodes[-1].name], Cache(caches, x)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array | None, dict[str, Array]]:
        """Pull dy back through the nodes in reverse."""
        grads = {name: np.zeros_like(array) for name, array in params.items()}
        reached: dict[str, Array] = {self.nodes[-1].name: dy}
        for node in reversed(self.nodes):
            if node.name not in reached:  # nobody used it, or only for integers
                continue
            dx, mine = node.layer.backward(part(params, node.owner), cache.caches[node.name], reached.pop(node.name))
            for key, g in mine.items():
                grads[f"{node.owner}.{key}"] = grads[f"{node.owner}.{key}"] + g
            if dx is None:
                continue
            for source, share in zip(node.sources, (dx,) if isinstance(node.inputs, str) else dx, strict=True):
                reached[source] = reached[source] + share if source in reached else share
        if cache.x.dtype.kind in "iu":
            return None, grads
        return reached.get(INPUT, np.zeros_like(cache.x)), grads

    def refresh(self, params: Params, cache: Cache) -> dict[str, Array]:
        """Return the statistics of every node that keeps any; of nodes that share them, the last one's."""
        return {
            f"{node.owner}.{key}": array
            for node in self.nodes
            if isinstance(node.layer, Stateful)
            for key, array in node.layer.refresh(part(params, node.owner), cache.caches[node.name]).items()
        }
