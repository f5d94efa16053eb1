"""Normalisation of each row by itself: LayerNorm, and RMSNorm, which leaves the mean in.

    LayerNorm:  y = γ (x - μ) / √(σ² + ε) + β        μ, σ² over the last axis
    RMSNorm:    y = γ x r,  r = 1 / √(M(x²) + ε)     dx = r (g - x̂ M(g x̂)),  x̂ = x r,  g = γ dy

The derivative of the first stands in `netcore.layers.standardise`.

Source: Ba, Kiros and Hinton 2016, "Layer normalization"; Zhang and Sennrich 2019, "Root mean square layer
normalization".
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.standardise import average, standardise, standardise_back
from netcore.protocol import Array, Params, require_real

LAST = (-1,)


class Cache(NamedTuple):
    """What backward needs again."""

    x_hat: Array  # (..., n)
    scale: Array  # (..., 1)


@dataclass(frozen=True)
class LayerNorm:
    """Normalise the last axis of x (..., n) to mean 0 and variance 1, then scale and shift.

    Args:
        n: size of the last axis.
        eps: ε, added to the variance.

    Example:
        >>> layer = LayerNorm(5)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 3, 5)))
        >>> y.shape
        (2, 3, 5)
    """

    n: int
    _: KW_ONLY
    eps: float = 1e-5

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return {"gamma": 1, "beta": 0}, each (n,)."""
        return {"gamma": np.ones(self.n), "beta": np.zeros(self.n)}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        _require(x, self.n)
        x_hat, scale, _, _ = standardise(x, LAST, self.eps)
        return x_hat * params["gamma"] + params["beta"], Cache(x_hat, scale)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back."""
        rows = tuple(range(dy.ndim - 1))
        grads = {"gamma": (dy * cache.x_hat).sum(axis=rows), "beta": dy.sum(axis=rows)}
        return standardise_back(dy * params["gamma"], cache.x_hat, cache.scale, LAST), grads


@dataclass(frozen=True)
class RMSNorm:
    """Divide the last axis of x (..., n) by its root mean square, then scale.

    Args:
        n: size of the last axis.
        eps: ε, added to the mean square.

    Example:
        >>> layer = RMSNorm(5)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 3, 5)))
        >>> y.shape
        (2, 3, 5)
    """

    n: int
    _: KW_ONLY
    eps: float = 1e-6

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return {"gamma": 1} of shape (n,)."""
        return {"gamma": np.ones(self.n)}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        _require(x, self.n)
        require_real(x, "RMSNorm")
        scale = 1 / np.sqrt(average(x * x, LAST) + self.eps)
        return x * scale * params["gamma"], Cache(x * scale, scale)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: dx = r (g - x̂ M(g x̂)) with g = γ dy."""
        g = dy * params["gamma"]
        dx = (g - cache.x_hat * average(g * cache.x_hat, LAST)) * cache.scale
        return dx, {"gamma": (dy * cache.x_hat).sum(axis=tuple(range(dy.ndim - 1)))}


def _require(x: Array, n: int) -> None:
    if x.ndim < 2 or x.shape[-1] != n:
        raise ValueError(f"Expected x of shape (..., {n}) but got x.shape={x.shape}")
