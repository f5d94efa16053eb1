"""Batch normalisation: each channel with mean 0 and variance 1 over the batch, then scaled and shifted.

    training:    y = γ (x - μ) / √(σ² + ε) + β        μ, σ² of this batch, which is part of the derivative
    inference:   y = γ (x - m) / √(v + ε) + β         m, v the running statistics, which are parameters like the others

In inference the derivative by m and v is given too, since it exists: dm = -Σ γ dy / √(v + ε) and
dv = -½ Σ γ dy (x - m) (v + ε)^{-3/2}. In training y does not depend on them, and it is 0. An optimiser leaves
parameters named running_ alone; `refresh` moves them.

Source: Ioffe and Szegedy 2015, "Batch normalization"; the derivative is derived in `netcore.layers.standardise`.
"""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.standardise import align, standardise, standardise_back
from netcore.protocol import Array, Params, require_real


class Cache(NamedTuple):
    """What backward needs again."""

    x_hat: Array  # the shape of x
    scale: Array  # (1, channels, 1 ...): 1 / √(σ² + ε)
    mean: Array | None  # (1, channels, 1 ...) of this batch in training; None in inference
    variance: Array | None  # likewise


@dataclass(frozen=True)
class BatchNorm:
    """Normalise x (batch, channels, ...) over all axes but the channels.

    A generator given to `forward` means training, none means inference.

    Args:
        channels: size of axis 1.
        momentum: how far a batch moves the running statistics towards its own.
        eps: ε, added to the variance.

    Example:
        >>> layer, rng = BatchNorm(3), np.random.default_rng(0)
        >>> y, _ = layer.forward(layer.init(rng), rng.normal(5, 2, (100, 3)), rng=rng)  # rng: training
        >>> y.mean(axis=0).round(3).tolist(), y.std(axis=0).round(3).tolist()
        ([-0.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    """

    channels: int
    _: KW_ONLY
    momentum: float = 0.1
    eps: float = 1e-5

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}, each (channels,)."""
        ones, zeros = np.ones(self.channels), np.zeros(self.channels)
        return {"gamma": ones, "beta": zeros, "running_mean": zeros.copy(), "running_var": ones.copy()}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        if x.ndim < 2 or x.shape[1] != self.channels:
            raise ValueError(f"Expected x of shape (batch, {self.channels}, ...) but got x.shape={x.shape}")
        gamma, beta, running_mean, running_var = (
            align(params[name], x.ndim) for name in ("gamma", "beta", "running_mean", "running_var")
        )
        if rng is None:
            require_real(x, "BatchNorm")
            scale = 1 / np.sqrt(running_var + self.eps)
            x_hat, mean, variance = (x - running_mean) * scale, None, None
        else:
            x_hat, scale, mean, variance = standardise(x, _others(x), self.eps)
        return x_hat * gamma + beta, Cache(x_hat, scale, mean, variance)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back; the derivative by the running statistics is 0 in training."""
        axes = _others(dy)
        g = dy * align(params["gamma"], dy.ndim)
        grads = {"gamma": (dy * cache.x_hat).sum(axis=axes), "beta": dy.sum(axis=axes)}
        if cache.mean is None:
            grads["running_mean"] = -(g * cache.scale).sum(axis=axes)
            grads["running_var"] = -0.5 * (g * cache.x_hat * cache.scale**2).sum(axis=axes)
            return g * cache.scale, grads
        grads |= {name: np.zeros_like(params[name]) for name in ("running_mean", "running_var")}
        return standardise_back(g, cache.x_hat, cache.scale, axes), grads

    def refresh(self, params: Params, cache: Cache) -> dict[str, Array]:
        """Return the running statistics after this batch; after inference, as they were.

        The variance is taken unbiased, n / (n - 1) times the batch's own, which estimates that of unseen data.
        """
        if cache.mean is None or cache.variance is None:
            return {name: params[name] for name in ("running_mean", "running_var")}
        n = math.prod(cache.x_hat.shape) // self.channels
        moved = {"running_mean": cache.mean.ravel(), "running_var": cache.variance.ravel() * (n / max(n - 1, 1))}
        keep = 1 - self.momentum
        return {name: keep * params[name] + self.momentum * new for name, new in moved.items()}


def _others(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))
