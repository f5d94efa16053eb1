"""Layers on small random inputs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from netcore.activations import GLU, LogSoftmax, Maxout, ReLU, Softmax, SwiGLU, Tanh
from netcore.layers import Dense, Sequential
from netcore.protocol import Array, Layer


def layer_targets() -> Iterator[dict[str, Any]]:
    """Yield every layer."""
    yield target("Dense[3,5]", Dense(3, 5), (4, 3))
    yield target("Dense[5,2,he]", Dense(5, 2, initialiser="he"), (3, 5))
    yield target("Dense[2,3,no bias]", Dense(2, 3, bias=False), (7, 4, 2))
    yield target("Dense[3,5,float32]", Dense(3, 5), (4, 3), dtype=np.float32)
    yield target("Softmax", Softmax(), (3, 5))
    yield target("Softmax[axis 1]", Softmax(axis=1), (2, 5, 3))
    yield target("LogSoftmax", LogSoftmax(), (3, 5))
    yield target("LogSoftmax[axis 1]", LogSoftmax(axis=1), (5, 2, 3))
    yield target("GLU", GLU(), (3, 10))
    yield target("GLU[axis 1]", GLU(axis=1), (3, 4, 2))
    yield target("SwiGLU", SwiGLU(), (3, 10))
    yield target("Maxout[3]", Maxout(3), (2, 5, 6))
    yield target("Sequential[3,5,2]", Sequential([Dense(3, 5), Tanh(), Dense(5, 2), ReLU()]), (4, 3))


def target(
    name: str, layer: Layer, shape: tuple[int, ...], *, dtype: DTypeLike = np.float64, seed: int | None = None
) -> dict[str, Any]:
    """Return one layer target: parameters from the layer's own init, shaken so that no bias is 0 and no scale is 1."""
    rng = np.random.default_rng([13, *shape])
    params = {key: shaken(rng, array).astype(dtype) for key, array in layer.init(rng).items()}
    x = rng.normal(size=shape).astype(dtype)
    found = {"adapt": "layer", "name": name, "layer": layer, "params": params, "x": x}
    return found if seed is None else {**found, "seed": seed}


def shaken(rng: np.random.Generator, array: Array) -> Array:
    """Return the array plus normal noise of deviation 0.3."""
    return array + 0.3 * rng.standard_normal(array.shape)
