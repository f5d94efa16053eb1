"""How weights begin.  Each initialiser draws float64 weights from a generator that the caller owns.

`fan_in` and `fan_out` are the numbers of inputs that one output sees and of outputs that one input reaches.
"""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.random import Generator

from netcore.protocol import Array

Initialiser: TypeAlias = Callable[[Generator, tuple[int, ...], int, int], Array]


def normal(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """Draw from the standard normal distribution whatever the fans, as the notebook does."""
    return rng.standard_normal(shape)


def glorot(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """Draw uniformly with variance 2 / (fan_in + fan_out), which suits tanh and sigmoid.

    The bound of the uniform distribution is √6 / √(fan_in + fan_out).

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """
    bound = math.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


def he(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """Draw normally with variance 2 / fan_in, which keeps the scale through ReLU.

    Source: He et al. 2015, "Delving deep into rectifiers".
    """
    return rng.normal(scale=math.sqrt(2.0 / fan_in), size=shape)


def draw_bias(initialiser: str, rng: Generator, shape: tuple[int, ...]) -> Array:
    """Return zeros, but standard normal numbers for "normal": the notebook draws its biases like its weights."""
    return rng.standard_normal(shape) if initialiser == "normal" else np.zeros(shape)


INITIALISERS: Mapping[str, Initialiser] = {"normal": normal, "glorot": glorot, "he": he}
