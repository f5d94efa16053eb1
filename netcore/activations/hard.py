"""Sigmoid, tanh and swish made of straight lines and one parabola."""

from dataclasses import dataclass

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class HardSigmoid(Elementwise):
    """(x + 3) / 6 held between 0 and 1;    derivative 1/6 for |x| < 3, otherwise 0.  Kinks at ±3, where it takes 0.

    Source: Howard et al. 2019, "Searching for MobileNetV3".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> HardSigmoid()(x).round(3).tolist()
        [0.333, 0.583, 0.833]
        >>> HardSigmoid().grad(x).round(3).tolist()
        [0.167, 0.167, 0.167]
    """

    def __call__(self, x: Array) -> Array:
        """Return the line, held between 0 and 1."""
        return np.clip(x / 6 + 0.5, 0, 1)

    def grad(self, x: Array) -> Array:
        """Return 1/6 or 0."""
        return (np.abs(x) < 3).astype(x.dtype) / 6


@dataclass(frozen=True)
class HardTanh(Elementwise):
    """x held between -1 and 1;    derivative 1 for |x| < 1, otherwise 0.  Kinks at ±1, where it takes 0.

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> HardTanh()(x).round(3).tolist()
        [-1.0, 0.5, 1.0]
        >>> HardTanh().grad(x).round(3).tolist()
        [0.0, 1.0, 0.0]
    """

    def __call__(self, x: Array) -> Array:
        """Return x, held between -1 and 1."""
        return np.clip(x, -1, 1)

    def grad(self, x: Array) -> Array:
        """Return 1 or 0."""
        return (np.abs(x) < 1).astype(x.dtype)


@dataclass(frozen=True)
class HardSwish(Elementwise):
    """x HardSigmoid(x);    derivative 0 for x ≤ -3, x/3 + 1/2 for |x| < 3, 1 for x ≥ 3.  Kinks at ±3.

    Source: Howard et al. 2019, "Searching for MobileNetV3".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> HardSwish()(x).round(3).tolist()
        [-0.333, 0.292, 1.667]
        >>> HardSwish().grad(x).round(3).tolist()
        [0.167, 0.667, 1.167]
    """

    def __call__(self, x: Array) -> Array:
        """Return x times its hard sigmoid."""
        return x * np.clip(x / 6 + 0.5, 0, 1)

    def grad(self, x: Array) -> Array:
        """Return 0, x/3 + 1/2 or 1."""
        return np.where(np.abs(x) < 3, x / 3 + 0.5, (x > 0).astype(x.dtype))
