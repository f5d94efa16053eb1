"""What tells a layer that sees all steps alike which step is which.

    y[:, t] = x[:, t] + P[t]        dx = dy        dP[t] = Σ_batch dy[:, t] where P is a parameter

Source: Vaswani et al. 2017, "Attention is all you need", for the sines.
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.protocol import Array, Params, floating


class Cache(NamedTuple):
    """What backward needs again."""

    time: int


@dataclass(frozen=True)
class SinePositions:
    """Add sin(t θ_i) and cos(t θ_i) to the even and the odd features of x (batch, time, n), θ_i = base^{-2i/n}.

    Args:
        base: of the wavelengths.

    Example:
        >>> layer = SinePositions()
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 5, 6)))
        >>> y.shape
        (2, 5, 6)
    """

    _: KW_ONLY
    base: float = 10000.0

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        time, n = x.shape[-2:]
        angle = np.arange(time)[:, None] * self.base ** (-(np.arange(n) // 2 * 2) / n)
        table = np.where(np.arange(n) % 2, np.cos(angle), np.sin(angle))
        x = floating(x)
        return x + table.astype(x.dtype), Cache(time)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: as it is."""
        return dy.copy(), {}


@dataclass(frozen=True)
class LearnedPositions:
    """Add the rows of a table P (most, n) to x (batch, time, n), time ≤ most.

    Args:
        most: how many places there are.
        n: size of the features.
        scale: standard deviation of the table at first.

    Example:
        >>> layer = LearnedPositions(7, 3)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 5, 3)))
        >>> y.shape
        (2, 5, 3)
    """

    most: int
    n: int
    _: KW_ONLY
    scale: float = 0.02

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"P": (most, n)}."""
        return {"P": rng.normal(scale=self.scale, size=(self.most, self.n))}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        time = x.shape[1]
        if x.ndim != 3 or time > self.most or x.shape[2] != self.n:
            raise ValueError(
                f"Expected x of shape (batch, time, {self.n}) with time up to {self.most} but got x.shape={x.shape}"
            )
        return x + params["P"][:time], Cache(time)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back; places that x did not reach have derivative 0."""
        dP = np.zeros((self.most, self.n), dy.dtype)
        dP[: cache.time] = dy.sum(axis=0)
        return dy.copy(), {"P": dP}
