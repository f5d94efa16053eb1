"""The sigmoid linear unit, also called swish."""

from dataclasses import dataclass
from typing import ClassVar

from netcore.activations.sigmoid import logistic
from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class SiLU(Elementwise):
    """x σ(x),    derivative σ(x) + x σ(x) σ(-x).

    Source: Elfwing, Uchibe and Doya 2018, "Sigmoid-weighted linear units".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> SiLU()(x).round(3).tolist()
        [-0.269, 0.311, 1.762]
        >>> SiLU().grad(x).round(3).tolist()
        [0.072, 0.74, 1.091]
    """

    holomorphic: ClassVar[bool] = True

    def __call__(self, x: Array) -> Array:
        """Return x σ(x)."""
        return x * logistic(x)

    def grad(self, x: Array) -> Array:
        """Return σ(x) (1 + x σ(-x))."""
        slope: Array = logistic(x) * (1 + x * logistic(-x))
        return slope
