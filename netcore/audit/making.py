"""Make one layer target."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from netcore.protocol import Array


def target(
    name: str,
    layer: Any,
    shape: tuple[int, ...] = (),
    *,
    x: Array | tuple[Array, ...] | None = None,
    dtype: DTypeLike = np.float64,
    seed: int | None = None,
) -> dict[str, Any]:
    """Return one layer target: parameters from the layer's own init, shaken so that no bias is 0 and no scale is 1."""
    rng = np.random.default_rng([13, *shape])
    params: dict[str, Array] = {key: _as(dtype, rng, shaken(rng, array)) for key, array in layer.init(rng).items()}
    x = _as(dtype, rng, rng.normal(size=shape)) if x is None else x
    found = {"adapt": "layer", "name": name, "layer": layer, "params": params, "x": x}
    return found if seed is None else {**found, "seed": seed}


def shaken(rng: np.random.Generator, array: Array) -> Array:
    """Return the array moved by up to 0.4 an entry, so a variance of 1 stays positive."""
    return array + rng.uniform(-0.4, 0.4, size=array.shape)


def _as(dtype: DTypeLike, rng: np.random.Generator, array: Array) -> Array:
    """Return the array in this dtype, with an imaginary part if that is complex."""
    if np.dtype(dtype).kind == "c":
        moved: Array = array.astype(dtype) + 1j * rng.normal(size=array.shape)
        return moved
    return array.astype(dtype)
