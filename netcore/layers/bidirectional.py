"""A recurrent layer run both ways, the states side by side.

    y = [layer(x), layer'(x from its end)]        dx = dx of the one + dx of the other

Source: Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.gru import GRU
from netcore.layers.lstm import LSTM
from netcore.layers.rnn import RNN
from netcore.layers.sequential import join, part
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    ahead: Any  # the layer's own
    back: Any  # likewise


@dataclass(frozen=True)
class Bidirectional:
    """Run over x (batch, time, n_in) both ways; parameters "0.W" forwards, "1.W" backwards.

    Args:
        layer: an RNN, LSTM or GRU, as it is to run forwards.

    Example:
        >>> layer = Bidirectional(GRU(3, 5))
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 4, 3)))
        >>> y.shape
        (2, 4, 10)
    """

    layer: RNN | LSTM | GRU

    @property
    def mirrored(self) -> RNN | LSTM | GRU:
        """Return the layer that runs the other way."""
        return replace(self.layer, reverse=not self.layer.reverse)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw the parameters of both."""
        return join([self.layer.init(rng), self.mirrored.init(rng)])

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y: (batch, time, 2 n) or (batch, 2 n)."""
        ahead, ahead_cache = self.layer.forward(part(params, 0), x, rng=rng)
        back, back_cache = self.mirrored.forward(part(params, 1), x, rng=rng)
        return np.concatenate([ahead, back], axis=-1), Cache(ahead_cache, back_cache)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull each half of dy back and add."""
        ahead, back = np.split(dy, 2, axis=-1)
        dx, grads = self.layer.backward(part(params, 0), cache.ahead, ahead)
        dx_back, grads_back = self.mirrored.backward(part(params, 1), cache.back, back)
        return dx + dx_back, join([grads, grads_back])
