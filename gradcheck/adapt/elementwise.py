"""Activations and losses, called as in act(x), act.grad(x) and loss(y, y_hat), loss.grad(y, y_hat)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapt.vjp import name_of
from gradcheck.errors import ContractError, InputError
from gradcheck.point import Point, validated
from gradcheck.recipe import Recipe
from gradcheck.target import Pullback, Target, source_of

__all__ = ["activation", "loss"]


def activation(act: Any, x: Any, *, name: str | None = None, tolerance: float | None = None) -> Target:
    """Claim that act.grad(x) is the derivative of act(x), entry by entry.

    Args:
        act: called act(x) -> array of x's shape; act.grad(x) -> derivative of each entry.
        x: floating-point array of any shape.
        name: of the target; the class of act by default.
        tolerance: relative gap that is of no interest.
    Raises:
        InputError: x is not a finite floating-point array, or act has no grad.

    Example:
        >>> class Square:
        ...     def __call__(self, x): return x * x
        ...     def grad(self, x): return 2 * x
        >>> activation(Square(), np.array([0.5, -1.0])).name
        'Square'
    """
    derivative = _grad_of(act, "act", "act.grad(x) -> derivative of each entry")
    x = validated("x", x, must_differentiate=True)

    def linearize(x: Any) -> tuple[Any, Pullback]:
        def pullback(cotangent: Any) -> Mapping[str, Any]:
            slope = np.asarray(derivative(x))
            if slope.shape != np.shape(x):
                raise ContractError(f"act.grad(x) has shape {slope.shape} where x has shape {np.shape(x)}", wrt="x")
            if slope.dtype.kind in "iub":  # 0 and 1 are exact in every dtype
                slope = slope.astype(np.asarray(x).dtype)
            return {"x": cotangent * slope}

        return act(x), pullback

    def again(things: Mapping[str, Any], arguments: Sequence[Any]) -> Target:
        return activation(things["act"], *arguments, name=name, tolerance=tolerance)

    return Target(
        name=name or name_of(act),
        point=Point(("x",), (x,)),
        forward=act,
        linearize=linearize,
        wrt=("x",),
        source=source_of(derivative),
        subject=act,
        tolerance=tolerance,
        elementwise=True,
        recipe=Recipe("activation", {"act": act}, ("x",), (x,), again),
    )


def loss(
    loss: Any, y: Any, y_hat: Any, *, name: str | None = None, layer: str = "", tolerance: float | None = None
) -> Target:
    """Claim that loss.grad(y, y_hat) is the derivative of loss(y, y_hat) with respect to y_hat.

    Args:
        loss: called loss(y, y_hat) -> number; loss.grad(y, y_hat) -> array of y_hat's shape. Where the call
            returns an array (no reduction), grad is that of its sum.
        y: the truth; never differentiated, integers are fine.
        y_hat: the prediction, floating-point.
        name: of the target; the class of the loss by default.
        layer: label in its network.
        tolerance: relative gap that is of no interest.
    Raises:
        InputError: y_hat is not a finite floating-point array, or loss has no grad.
    """
    derivative = _grad_of(loss, "loss", "loss.grad(y, y_hat) -> array of y_hat's shape")
    y_hat = validated("y_hat", y_hat, must_differentiate=True)

    def forward(y: Any, y_hat: Any) -> Any:
        value = loss(y, y_hat)
        return value if np.ndim(value) == 0 else np.sum(value)

    def linearize(y: Any, y_hat: Any) -> tuple[Any, Pullback]:
        return forward(y, y_hat), lambda cotangent: {"y_hat": cotangent * np.asarray(derivative(y, y_hat))}

    again = partial(_loss_again, name=name, layer=layer, tolerance=tolerance)
    return Target(
        name=name or name_of(loss),
        point=Point(("y", "y_hat"), (validated("y", y), y_hat)),
        forward=forward,
        linearize=linearize,
        wrt=("y_hat",),
        layer=layer,
        source=source_of(derivative),
        subject=loss,
        tolerance=tolerance,
        recipe=Recipe("loss", {"loss": loss}, ("y", "y_hat"), (y, y_hat), again),
    )


def _loss_again(things: Mapping[str, Any], arguments: Sequence[Any], **told: Any) -> Target:
    return loss(things["loss"], *arguments, **told)


def _grad_of(thing: Any, called: str, due: str) -> Callable[..., Any]:
    derivative = getattr(thing, "grad", None)
    if isinstance(thing, type):
        raise InputError(
            f"Expected an object for {called} but got the class {thing.__name__}; make one: {thing.__name__}()"
        )
    if not callable(thing) or not callable(derivative):
        raise InputError(f"Expected {called} to be callable and to have {due}, but got {called}={thing!r}")
    return derivative  # type: ignore[no-any-return]
