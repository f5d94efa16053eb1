"""The logistic function."""

from dataclasses import dataclass

from scipy.special import expit

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """σ(x) = 1 / (1 + e⁻ˣ),    σ'(x) = σ(x) σ(-x).

    Error: a few ulp for every finite x, without overflow. σ(-x) stands for 1 - σ(x), which would cancel from x = 1 on
    and be 0 from x = 37 on.

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> Sigmoid()(x).round(3).tolist()
        [0.269, 0.622, 0.881]
        >>> Sigmoid().grad(x).round(3).tolist()
        [0.197, 0.235, 0.105]
    """

    def __call__(self, x: Array) -> Array:
        """Return σ(x)."""
        return expit(x)

    def grad(self, x: Array) -> Array:
        """Return σ(x) σ(-x)."""
        return expit(x) * expit(-x)
