"""The notebook's form: forward(X) -> (Y, Z), backward(X, Z, dY) -> (dX, dW, db), parameters on the object."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapt.vjp import name_of
from gradcheck.errors import ContractError, InputError
from gradcheck.point import Point, validated
from gradcheck.recipe import Recipe
from gradcheck.target import Pullback, Target, source_of

__all__ = ["pair", "parameters_of"]


def parameters_of(layer: Any, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the parameters that an object keeps as attributes: W and b, or those that are named."""
    if names is None:
        names = [n for n in ("W", "b") if isinstance(getattr(layer, n, None), np.ndarray)]
    missing = [n for n in names if not hasattr(layer, n)]
    if missing:
        raise InputError(
            f"Expected {type(layer).__name__} to have the attribute {missing[0]!r}; name its parameters: params=(...)"
        )
    return {n: getattr(layer, n) for n in names}


def pair(
    layer: Any,
    X: Any,
    *,
    params: Sequence[str] | None = None,
    name: str | None = None,
    label: str = "",
    tolerance: float | None = None,
) -> Target:
    """Claim that backward(X, Z, dY) -> (dX, dW, db) pulls dY back through forward(X) -> (Y, Z).

    Args:
        layer: an object that keeps its parameters as attributes.
        X: (batch, n_in) floating-point input.
        params: names of the parameters, in the order in which backward returns their gradients after dX;
            ("W", "b") where the object has them.
        name: of the target; the class of the layer by default.
        label: in its network, "0 Layer".
        tolerance: relative gap that is of no interest.
    Raises:
        InputError: the object lacks a method or parameter, or X cannot be differentiated.
    """
    if isinstance(layer, type) or not (hasattr(layer, "forward") and hasattr(layer, "backward")):
        raise InputError(f"Expected an object with forward(X) and backward(X, Z, dY) but got {layer!r}")
    own = parameters_of(layer, params)
    X = validated("x", X, must_differentiate=True)
    values = tuple(validated(n, v, must_differentiate=True) for n, v in own.items())

    def call(x: Any, weights: Sequence[Any]) -> tuple[Any, Any, Any]:
        work = copy.copy(layer)  # a forward that writes into the object writes into a copy
        for n, value in zip(own, weights, strict=True):
            setattr(work, n, value)
        answer = work.forward(x)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise ContractError(
                f"Expected {type(layer).__name__}.forward to return (Y, Z) but got {type(answer).__name__}"
            )
        return work, *answer

    def linearize(x: Any, *weights: Any) -> tuple[Any, Pullback]:
        work, y, z = call(x, weights)

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            answer = work.backward(x, z, cotangent)
            if not own and not isinstance(answer, tuple):
                answer = (answer,)
            if not isinstance(answer, tuple) or len(answer) != 1 + len(own):
                got = f"{len(answer)} values" if isinstance(answer, tuple) else type(answer).__name__
                due = ", ".join(("dX", *(f"d{n}" for n in own)))
                raise ContractError(f"Expected backward to return ({due}) but got {got}", check="contract.keys")
            return dict(zip(("x", *own), answer, strict=True))

        return y, pullback

    return Target(
        name=name or label or name_of(type(layer)),
        point=Point(("x", *own), (X, *values)),
        forward=lambda x, *weights: call(x, weights)[1],
        linearize=linearize,
        layer=label,
        source=source_of(layer.backward),
        subject=layer,
        tolerance=tolerance,
        recipe=Recipe(
            "pair",
            {"layer": layer},
            ("x", *own),
            (X, *values),
            partial(_again, names=tuple(own), name=name, label=label, tolerance=tolerance),
        ),
    )


def _again(things: Mapping[str, Any], arguments: Sequence[Any], *, names: Sequence[str], **told: Any) -> Target:
    layer = copy.copy(things["layer"])
    for n, value in zip(names, arguments[1:], strict=True):
        setattr(layer, n, value)
    return pair(layer, arguments[0], params=names, **told)
