"""Dropout: in training, each entry is 0 with probability p and otherwise larger, so that its mean is kept.

    training:   y = x m / (1 - p),  m = 0 or 1        dx = dy m / (1 - p)
    inference:  y = x                                 dx = dy

Source: Srivastava et al. 2014, "Dropout", in the form that scales in training.
"""

from dataclasses import dataclass
from typing import NamedTuple

from numpy.random import Generator

from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    factor: Array | None  # the shape of x, 0 or 1 / (1 - p); None in inference


@dataclass(frozen=True)
class Dropout:
    """Drop entries of x, any shape; a generator given to `forward` means training, none means inference.

    Args:
        rate: p, in [0, 1).

    Example:
        >>> Dropout(0.5).forward({}, np.ones((2, 3)))[0].tolist()  # no generator: inference
        [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ValueError(f"Expected rate in [0, 1) but got rate={self.rate}")

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x; the mask is one draw of x.shape from rng."""
        if rng is None:
            return x.copy(), Cache(None)
        factor = (rng.random(x.shape) >= self.rate).astype(x.dtype) / (1 - self.rate)
        return x * factor, Cache(factor)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back through the same mask."""
        return (dy.copy() if cache.factor is None else dy * cache.factor), {}
