"""Outputs and cotangents of any structure: flat, drawn at random, scaled."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from gradcheck.norms import norm
from gradcheck.point import Array, differentiable
from gradcheck.streams import off_zero
from gradcheck.tree import leaves, rebuild

__all__ = ["active", "drawn", "flatten", "masked", "scaled"]


def flatten(outputs: Any) -> Array:
    """Return all floating-point outputs as one flat float64 or complex128 array.

    Args:
        outputs: array, number or a nest of them; integer leaves do not count.
    Returns:
        (n,) float64, or complex128 where any output is complex; a fresh array or a view.
    """
    if isinstance(outputs, np.ndarray):
        if outputs.dtype == np.float64:
            return outputs.ravel()
    elif isinstance(outputs, float):
        return np.array([outputs], dtype=np.float64)
    flat = [np.asarray(leaf).ravel() for _, leaf in leaves(outputs) if active(leaf)]
    if not flat:
        return np.zeros(0)
    joined = np.concatenate(flat) if len(flat) > 1 else flat[0]
    if joined.dtype == np.longdouble:
        return joined
    return joined.astype(np.complex128 if joined.dtype.kind == "c" else np.float64, copy=False)


def active(leaf: Any) -> bool:
    """Whether a leaf of the outputs is one that a derivative is taken of."""
    return isinstance(leaf, (float, complex)) or differentiable(leaf)


def drawn(outputs: Any, rng: np.random.Generator, *, short: bool) -> Any:
    """Return a random cotangent in the structure of the outputs.

    Entries are ±(0.5 … 1.5); with several outputs each is weighted by 1/RMS of its values, so that none hides another.

    Args:
        outputs: of a forward.
        rng: what is drawn from.
        short: whether entries are short decimals, which print well; a backward that rounds does not touch them.
    """
    several = not isinstance(outputs, np.ndarray) and sum(active(leaf) for _, leaf in leaves(outputs)) > 1

    def draw(leaf: Any) -> Any:
        if not active(leaf):
            return np.zeros_like(leaf) if isinstance(leaf, (np.ndarray, np.generic, int)) else None
        y = np.asarray(leaf)
        u = off_zero(rng, y.shape)
        u = u.round(4) if short else u
        if y.dtype.kind == "c":
            u = u * np.exp(1j * rng.uniform(0, 2 * np.pi, y.shape))
        size = norm(y) / sqrt(y.size) if several and y.size else 0.0
        u = np.asarray(u / size if np.isfinite(size) and size > 0 else u).astype(y.dtype)
        if isinstance(leaf, np.ndarray):
            return u
        return u[()] if isinstance(leaf, np.generic) else u.item()

    return rebuild(outputs, draw)


def scaled(leaf: Any, scale: float) -> Any:
    """Return one leaf times a number, in its own dtype and kind."""
    if not isinstance(leaf, (np.ndarray, np.generic)):
        return leaf * scale
    if scale == 1.0:
        return leaf.copy()
    product = np.asarray(leaf * np.asarray(scale, leaf.dtype))
    return product if isinstance(leaf, np.ndarray) else product[()]


def masked(cotangent: Any, keep: Array) -> Any:
    """Return a cotangent that is zero but in some outputs: (n,) bool, in the order of `flatten`."""
    rest = keep

    def mask(leaf: Any) -> Any:
        nonlocal rest
        if not active(leaf):
            return leaf
        mine, rest = rest[: np.size(leaf)].reshape(np.shape(leaf)), rest[np.size(leaf) :]
        if not isinstance(leaf, (np.ndarray, np.generic)):
            return leaf if mine else 0.0 * leaf
        left = np.asarray(np.where(mine, leaf, np.zeros((), leaf.dtype)))
        return left if isinstance(leaf, np.ndarray) else left[()]

    return rebuild(cotangent, mask)
