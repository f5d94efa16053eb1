"""Layers over sequences (batch, time, features)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from netcore.audit.making import target
from netcore.layers import (
    GRU,
    LSTM,
    RNN,
    Attention,
    Bidirectional,
    LearnedPositions,
    MultiHeadAttention,
    Rotary,
    SinePositions,
    TransformerBlock,
)
from netcore.protocol import Array, Params


def sequence_targets() -> Iterator[dict[str, Any]]:
    """Yield the layers that see time."""
    yield from _recurrent()
    yield from _attention()
    yield target("SinePositions", SinePositions(), (2, 5, 6))
    yield target("LearnedPositions[7,3]", LearnedPositions(7, 3), (2, 5, 3))
    yield target("Rotary", Rotary(), (2, 5, 6))
    yield target("TransformerBlock[4,2]", TransformerBlock(4, 2, hidden=5), (2, 3, 4))
    block = TransformerBlock(4, 2, hidden=5, causal=True, rotary=True, dropout=0.3)
    yield target("TransformerBlock[4,2,causal,training]", block, (2, 3, 4), seed=7)


def _recurrent() -> Iterator[dict[str, Any]]:
    """Yield all states and the last one, both directions."""
    for kind in (RNN, LSTM, GRU):
        name = kind.__name__
        yield target(f"{name}[3,5]", kind(3, 5), (2, 4, 3))
        yield target(f"{name}[2,3,last state]", kind(2, 3, sequences=False), (3, 5, 2))
        yield target(f"{name}[2,3,reverse]", kind(2, 3, reverse=True), (3, 5, 2))
        yield target(f"{name}[3,2,float32]", kind(3, 2), (2, 4, 3), dtype=np.float32)
        yield target(f"Bidirectional[{name}]", Bidirectional(kind(3, 2)), (2, 4, 3))
    yield target("RNN[3,2,complex]", RNN(3, 2), (2, 4, 3), dtype=np.complex128)
    yield target("Bidirectional[LSTM,last state]", Bidirectional(LSTM(3, 2, sequences=False)), (2, 4, 3))


def _attention() -> Iterator[dict[str, Any]]:
    """Yield attention free, causal and masked, to itself and to a memory."""
    rng = np.random.default_rng(16)
    q, k, v = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 3))
    yield target("Attention", Attention(), x=(q, k, v))
    yield target("Attention[causal]", Attention(causal=True), x=(q, k, v))
    mask = rng.uniform(size=(2, 3, 5)) < 0.6
    mask[0, 1] = False  # one query may see nothing
    yield target("Attention[masked]", Masked(Attention(), mask), x=(q, k, v))
    yield target("MultiHeadAttention[4,2]", MultiHeadAttention(4, 2), (2, 5, 4))
    yield target("MultiHeadAttention[4,2,causal,rotary]", MultiHeadAttention(4, 2, causal=True, rotary=True), (2, 5, 4))
    keys = np.array([[True, True, True, False, False], [True, True, True, True, False]])
    yield target("MultiHeadAttention[4,2,masked]", Masked(MultiHeadAttention(4, 2), keys), (2, 5, 4))
    yield target("MultiHeadAttention[4,2,memory]", MultiHeadAttention(4, 2), x=(q, k))
    yield target("MultiHeadAttention[6,3,float32]", MultiHeadAttention(6, 3), (2, 5, 6), dtype=np.float32)


@dataclass(frozen=True)
class Masked:
    """An attention layer with its mask, which is otherwise an argument of forward."""

    layer: Attention | MultiHeadAttention
    mask: Array

    def init(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the layer's parameters."""
        return self.layer.init(rng)

    def forward(self, params: Params, x: Any, *, rng: np.random.Generator | None = None) -> tuple[Array, Any]:
        """Run the layer with as much of the mask as x has rows."""
        batch = len(x[0]) if isinstance(x, tuple) else len(x)
        return self.layer.forward(params, x, rng=rng, mask=self.mask[:batch])

    def backward(self, params: Params, cache: Any, dy: Array) -> tuple[Any, dict[str, Array]]:
        """Pull dy back through the layer."""
        return self.layer.backward(params, cache, dy)
