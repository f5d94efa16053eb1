"""Whole models: each layer at its true input, the loss, and what the model itself makes of them end to end."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapt.elementwise import loss as adapt_loss
from gradcheck.adapt.layer import is_layer, label_of, layer
from gradcheck.adapt.pair import pair, parameters_of
from gradcheck.errors import ContractError, InputError
from gradcheck.point import Point, validated
from gradcheck.target import Pullback, Target, source_of

__all__ = ["model"]


def model(
    model: Any,
    x: Any,
    y: Any,
    *,
    name: str | None = None,
    tolerance: float | None = None,
) -> list[Target]:
    """Claim every layer of a model, its loss, and the gradients that the model keeps after its own backward.

    Args:
        model: has layers, loss, forward(x) -> y_hat and backward(y, y_hat). Layers follow the protocol, with
            `params` and `grads` as lists of mappings on the model; or they are the notebook's, with W and b
            on each layer, forward(X) -> (Y, Z), and lists `dW` and `db` on the model.
        x: input of the first layer.
        y: the truth.
        name: of the model; targets are called "Model/0 Dense", "Model/loss", "Model/end to end".
        tolerance: relative gap that is of no interest.
    Returns:
        One target a layer, one for the loss, one end to end. The model itself is left as it was.
    """
    for due in ("layers", "loss", "forward", "backward"):
        if not hasattr(model, due):
            raise InputError(f"Expected a model with layers, loss, forward and backward but {type(model).__name__} has no {due}")
    parts = list(model.layers)
    if not parts or not all(is_layer(part) for part in parts):
        raise InputError(f"Expected {type(model).__name__}.layers to be a list of layers but got {model.layers!r}")
    name = name or type(model).__name__
    paired = not _in_protocol(parts[0])
    x = validated("x", x)
    targets: list[Target] = []
    inputs = x
    for i, part in enumerate(parts):
        label = label_of(i, part)
        if paired:
            target = pair(part, inputs, name=f"{name}/{label}", label=label, tolerance=tolerance)
        else:
            target = layer(part, model.params[i], inputs, name=f"{name}/{label}", label=label, tolerance=tolerance)
        targets.append(target)
        inputs = target.forward(*target.point.copies())
    targets.append(adapt_loss(model.loss, y, inputs, name=f"{name}/loss", layer="loss", tolerance=tolerance))
    return [*targets, _end_to_end(model, targets[:-1], x, y, name, paired, tolerance)]


def _in_protocol(part: Any) -> bool:
    """Whether forward takes (params, x), not just (X)."""
    parameters = inspect.signature(part.forward).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters) >= 2


def _end_to_end(
    model: Any, locals_: Sequence[Target], x: Any, y: Any, name: str, paired: bool, tolerance: float | None
) -> Target:
    """The loss against every parameter, claimed by the model's own backward."""
    places: list[tuple[int, str]] = []
    values: list[Any] = []
    for i, part in enumerate(model.layers):
        own = parameters_of(part) if paired else model.params[i]
        for key, value in own.items():
            places.append((i, key))
            values.append(validated(f"{locals_[i].layer}.{key}", value))
    names = tuple(f"{locals_[i].layer}.{key}" for i, key in places)

    def placed(flat: Sequence[Any]) -> Any:
        work = copy.deepcopy(model)  # a model keeps caches and gradients: every call has its own
        if not paired:
            work.params = [dict(own) for own in work.params]
        for (i, key), value in zip(places, flat, strict=True):
            if paired:
                setattr(work.layers[i], key, value)
            else:
                work.params[i][key] = value
        return work

    def forward(x: Any, y: Any, *flat: Any) -> Any:
        work = placed(flat)
        return np.sum(work.loss(y, work.forward(x)))

    def linearize(x: Any, y: Any, *flat: Any) -> tuple[Any, Pullback]:
        work = placed(flat)
        y_hat = work.forward(x)
        value = np.sum(work.loss(y, y_hat))
        work.backward(y, y_hat)
        kept = {n: _stored(work, i, key, paired) for n, (i, key) in zip(names, places, strict=True)}
        return value, lambda cotangent: {n: None if g is None else cotangent * g for n, g in kept.items()}

    return Target(
        name=f"{name}/end to end",
        point=Point(("x", "y", *names), (x, validated("y", y), *values)),
        forward=forward,
        linearize=linearize,
        wrt=names,
        owners={n: (locals_[i].layer, key) for n, (i, key) in zip(names, places, strict=True)},
        role="end_to_end",
        source=source_of(model.backward),
        subject=model,
        tolerance=tolerance,
    )


def _stored(work: Any, i: int, key: str, paired: bool) -> Any:
    """Return the gradient that a model keeps for one parameter after its backward."""
    if paired:
        kept = getattr(work, f"d{key}", None)
        if kept is None:
            raise ContractError(f"Expected the model to keep the gradients of {key} in a list d{key}", wrt="", check="contract.keys")
        return np.asarray(kept[i])
    grads = getattr(work, "grads", None)
    if grads is None or not isinstance(grads[i], Mapping) or key not in grads[i]:
        raise ContractError(f"Expected the model to keep {key} of layer {i} in its grads after backward", check="contract.keys")
    return np.asarray(grads[i][key])
