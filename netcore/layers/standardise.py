"""Standardising over some axes, shared by the normalisation layers.

With μ and σ² the mean and the (biased) variance of x over the axes, and M(·) the mean over them:

    x̂ = (x - μ) / √(σ² + ε)        dx = (g - M(g) - x̂ M(g x̂)) / √(σ² + ε)        for g the derivative by x̂

The two means are what the dependence of μ and of σ on x gives back; leaving one out is the classical mistake.
"""

import math

import numpy as np

from netcore.protocol import Array, require_real

Axes = tuple[int, ...]


def standardise(x: Array, axes: Axes, eps: float) -> tuple[Array, Array, Array, Array]:
    """Return x̂, 1 / √(σ² + ε), μ and σ²; the last three with axes of size 1.

    Error: the variance is that of x - μ, not the mean of squares less the square of the mean, which would cancel. From
    1e19 on in float32, and 1e154 in float64, the squares overflow and numpy warns.
    """
    require_real(x, "a normalisation")
    mean = average(x, axes)
    centred = x - mean
    variance = average(centred * centred, axes)
    scale = 1 / np.sqrt(variance + eps)
    return centred * scale, scale, mean, variance


def standardise_back(g: Array, x_hat: Array, scale: Array, axes: Axes) -> Array:
    """Return dx for g, the derivative by x̂."""
    dx: Array = (g - average(g, axes) - x_hat * average(g * x_hat, axes)) * scale
    return dx


def average(x: Array, axes: Axes) -> Array:
    """Return the mean over the axes, kept at size 1; 0 over nothing, where numpy would warn."""
    found: Array = x.sum(axis=axes, keepdims=True) / max(math.prod(x.shape[a] for a in axes), 1)
    return found


def align(parameter: Array, ndim: int, axis: int = 1) -> Array:
    """Return a parameter (channels,) with axes of size 1 so that it lies along one axis of an array."""
    return parameter.reshape(*(1,) * axis, -1, *(1,) * (ndim - axis - 1))
