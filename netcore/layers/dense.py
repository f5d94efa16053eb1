"""Fully connected layer.

    y = x W + b        y[i, k] = Σ_j x[i, j] W[j, k] + b[k]

With ȳ the derivative of some scalar by y:  ∂/∂x[i, j] = Σ_k ȳ[i, k] W[j, k],  ∂/∂W[j, k] = Σ_i x[i, j] ȳ[i, k],
∂/∂b[k] = Σ_i ȳ[i, k]. For complex arrays the pullback is the adjoint for Re Σ conj(ȳ) y: x and W are conjugated in it;
`conj` of a real array is the array itself and costs nothing.
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

from numpy.random import Generator

from netcore.initialisers import INITIALISERS, draw_bias
from netcore.names import at_least, choose
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    x: Array  # (..., n_in)


@dataclass(frozen=True)
class Dense:
    """y = x W + b on the last axis; the axes before it are all batch.

    Args:
        n_in, n_out: sizes of the last axis before and after.
        initialiser: a name in INITIALISERS.
        bias: whether there is a b.

    Example:
        >>> layer = Dense(3, 5)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((4, 3)))
        >>> y.shape
        (4, 5)
    """

    n_in: int
    n_out: int
    _: KW_ONLY
    initialiser: str = "normal"
    bias: bool = True

    def __post_init__(self) -> None:
        choose(INITIALISERS, self.initialiser, "initialiser")
        at_least(1, n_in=self.n_in, n_out=self.n_out)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"W": (n_in, n_out), "b": (1, n_out)}."""
        W = INITIALISERS[self.initialiser](rng, (self.n_in, self.n_out), self.n_in, self.n_out)
        return {"W": W, "b": draw_bias(self.initialiser, rng, (1, self.n_out))} if self.bias else {"W": W}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y = x W + b.

        Args:
            x: (..., n_in), at least one axis before the last.
        Returns:
            y: (..., n_out).
        """
        if x.ndim < 2 or x.shape[-1] != self.n_in:
            raise ValueError(f"Expected x of shape (batch, {self.n_in}) but got x.shape={x.shape}")
        y: Array = x @ params["W"]
        return (y + params["b"] if self.bias else y), Cache(x)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back through y = x W + b.

            dx = dy Wᵀ    dW = xᵀ dy  (summed over the batch, not averaged)    db = Σ_batch dy

        Args:
            dy: (..., n_out); not modified.
        Returns:
            dx: (..., n_in);  {"W": (n_in, n_out), "b": (1, n_out)}.
        Error: round-off of one matrix product, ≤ batch · eps · |xᵀ||dy| per entry.
        Source: derived in the module docstring.
        """
        rows = dy.reshape(-1, self.n_out)
        grads = {"W": cache.x.reshape(-1, self.n_in).conj().T @ rows}
        if self.bias:
            grads["b"] = rows.sum(axis=0, keepdims=True)
        return dy @ params["W"].conj().T, grads
