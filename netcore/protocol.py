"""What a layer, an activation and a loss are, as shapes of code: nothing here is a base class to fill in.

A layer is a frozen dataclass of hyper-parameters. Its parameters are a flat mapping of arrays that lives outside it,
and what `backward` needs from `forward` travels in a cache, a NamedTuple private to the layer's file. Nothing is kept
on the layer, so one layer can be run twice, copied, or probed between forward and backward.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Params: TypeAlias = Mapping[str, Array]


@runtime_checkable
class Layer(Protocol):
    """A function with parameters and its exact vector-Jacobian product."""

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw the parameters, float64: {"W": ..., "b": ...}, or {} where there are none."""
        ...

    def forward(self, params: Params, x: Any, *, rng: Generator | None = None) -> tuple[Array, Any]:
        """Return (y, cache) for an array x, or a tuple of them for a layer of several inputs.

        rng=None is inference; a generator is training, and the source of any randomness.
        """
        ...

    def backward(self, params: Params, cache: Any, dy: Array) -> tuple[Any, dict[str, Array]]:
        """Return (dx, dparams), summed over the batch and never averaged.

        dx is an array, a tuple of them where x is one, or None where x is integer.
        """
        ...


@runtime_checkable
class Stateful(Protocol):
    """A layer with statistics that training moves by another way than a gradient.

    They are parameters whose names begin with "running_", and an optimiser leaves those alone.
    """

    def refresh(self, params: Params, cache: Any) -> dict[str, Array]:
        """Return the "running_" parameters after the batch that this cache is of; {} where there are none."""
        ...


@runtime_checkable
class Activation(Protocol):
    """A function of one array with the derivative of each entry, called as in the notebook: act(x), act.grad(x)."""

    def __call__(self, x: Array) -> Array:
        """Return the value of each entry, in the shape and dtype of x."""
        ...

    def grad(self, x: Array) -> Array:
        """Return the derivative of each entry, in the shape and dtype of x."""
        ...


@runtime_checkable
class Loss(Protocol):
    """A number for a truth y and a prediction y_hat, and its exact derivative with respect to y_hat."""

    def __call__(self, y: Array, y_hat: Array) -> float | Array:
        """Return the loss."""
        ...

    def grad(self, y: Array, y_hat: Array) -> Array:
        """Return the derivative of what the call returns, in the shape of y_hat."""
        ...


def require_real(x: Array, what: str) -> None:
    """Raise ValueError for complex x, where `what` (a layer's name) compares or takes squares for squared lengths."""
    if x.dtype.kind == "c":
        raise ValueError(f"Expected real x for {what} but got x.dtype={x.dtype}")


def floating(x: Array) -> Array:
    """Return x as it is, or integers in float64: what a layer puts among them would be cut off."""
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


class ElementwiseCache(NamedTuple):
    """What an elementwise layer needs again."""

    x: Array  # any shape


class Elementwise(Protocol):
    """An activation that is a layer too: what `__call__` and `grad` say, in the words of the layer protocol.

        y = f(x)    dx = dy f'(x),  entry by entry

    The three methods below are concrete and are never overridden; an activation writes `__call__` and `grad` only, and
    says whether both hold for complex x too.
    """

    holomorphic: ClassVar[bool] = False

    def __call__(self, x: Array) -> Array:
        """Return f(x) in the shape and dtype of x."""
        ...

    def grad(self, x: Array) -> Array:
        """Return f'(x) in the shape and dtype of x."""
        ...

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, ElementwiseCache]:
        """Return f(x) and x."""
        if not self.holomorphic:
            require_real(x, type(self).__name__)
        return self(x), ElementwiseCache(x)

    def backward(self, params: Params, cache: ElementwiseCache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: dx = dy f'(x), the latter conjugated where x is complex."""
        return dy * self.grad(cache.x).conj(), {}
