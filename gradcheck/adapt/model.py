"""Whole models: each layer at its true input, the loss, and what the model itself makes of them end to end."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapt.elementwise import loss as adapt_loss
from gradcheck.adapt.layer import is_layer, label_of, layer
from gradcheck.adapt.pair import pair, parameters_of
from gradcheck.adapt.snapshot import copier
from gradcheck.adapt.wiring import Access, Seen, wiring
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
    """Claim every layer of a model, its loss, its wiring, and the gradients that it keeps after its own backward.

    Args:
        model: has loss, forward(x) -> y_hat, backward(y, y_hat), and layers. Layers follow the protocol, with
            `params` and `grads` as lists of mappings on the model; or they are the notebook's, with W and b
            on each layer, forward(X) -> (Y, Z), and lists `dW` and `db` on the model. A model without layers,
            with `params` and `grads` alone, is checked end to end.
        x: input of the first layer.
        y: the truth.
        name: of the model; targets are called "Model/0 Dense", "Model/loss", "Model/boundaries", "Model/end to end".
        tolerance: relative gap that is of no interest.
    Returns:
        One target a layer, one for the loss, one for what the model does between them (left out where stand-ins for
        its layers cannot follow it), one end to end. The model itself is left as it was.
    """
    for due in ("loss", "forward", "backward"):
        if not hasattr(model, due):
            raise InputError(
                f"Expected a model with layers, loss, forward and backward but {type(model).__name__} has no {due}"
            )
    if not hasattr(model, "layers") and not hasattr(model, "params"):
        raise InputError(
            f"Expected a model with layers, loss, forward and backward but {type(model).__name__} has no layers"
        )
    name = name or type(model).__name__
    x = validated("x", x)
    if not hasattr(model, "layers"):
        return _unopened(model, x, y, name, tolerance)
    parts = list(model.layers)
    if not parts or not all(is_layer(part) for part in parts):
        raise InputError(f"Expected {type(model).__name__}.layers to be a list of layers but got {model.layers!r}")
    labels = tuple(label_of(i, part) for i, part in enumerate(parts))
    paired = not _in_protocol(parts[0])
    own = [parameters_of(part) if paired else model.params[i] for i, part in enumerate(parts)]
    access = _access(labels, own, paired, model)
    inputs, y_hat = _met(model, access, x)
    targets: list[Target] = []
    for i, (part, label) in enumerate(zip(parts, labels, strict=True)):
        met = inputs.get(i, targets[-1].forward(*targets[-1].point.copies()) if targets and i not in inputs else x)
        if paired:
            target = pair(part, met, name=f"{name}/{label}", label=label, tolerance=tolerance)
        else:
            target = layer(part, model.params[i], met, name=f"{name}/{label}", label=label, tolerance=tolerance)
        targets.append(target)
    if y_hat is None:
        y_hat = targets[-1].forward(*targets[-1].point.copies())
    targets.append(adapt_loss(model.loss, y, y_hat, name=f"{name}/loss", layer="loss", tolerance=tolerance))
    between = wiring(model, access, x, validated("y", y), name, tolerance)
    end = _end_to_end(model, access, x, y, name, tolerance)
    return [*targets, *([between] if between is not None else []), end]


def _access(labels: tuple[str, ...], own: Sequence[Mapping[str, Any]], paired: bool, model: Any) -> Access:
    """Return the way to a model's parameters; arrays that several layers hold in common are one block."""
    groups: dict[int, list[tuple[int, str]]] = {}
    values: dict[int, Any] = {}
    for i, mine in enumerate(own):
        for key, value in mine.items():
            values[id(value)] = validated(f"{labels[i]}.{key}", value)
            groups.setdefault(id(value), []).append((i, key))
    shared = {group[0]: group for group in groups.values()}

    whole = copier(model)  # a model keeps caches and gradients: every call has its own
    hollow = copier(model, [*model.layers, *(value for mine in own for value in mine.values())])

    def filled(work: Any, flat: Sequence[Any], *, inside: bool) -> Any:
        work.layers = list(work.layers)
        if not paired:
            work.params = [dict(mine) for mine in work.params]
        for place, value in zip(shared, flat, strict=True):
            for i, key in shared[place]:
                if not paired:
                    work.params[i][key] = value
                elif inside:
                    setattr(work.layers[i], key, value)
        return work

    def placed(flat: Sequence[Any]) -> Any:
        return filled(whole(), flat, inside=True)

    def bare(flat: Sequence[Any]) -> Any:
        return filled(hollow(), flat, inside=False)

    def stored(work: Any, i: int, key: str) -> Any:
        found = [_stored(work, j, other, paired) for j, other in shared[i, key]]
        if all(np.array_equal(found[0], each) for each in found):  # the sum, or the only one
            return found[0]
        return sum(found[1:], start=found[0])

    return Access(labels, tuple(shared), tuple(values[id_] for id_ in groups), placed, bare, stored, paired, shared)


def _met(model: Any, access: Access, x: Any) -> tuple[dict[int, Any], Any]:
    """Return the input that each layer truly receives, by one forward of the model, and what the model returns."""
    seen: dict[int, Any] = {}
    try:
        work = access.placed(access.values)
        for i, part in enumerate(work.layers):
            work.layers[i] = Seen(part, i, seen, access.paired)
        y_hat = work.forward(x)
    except Exception:  # it may look into its layers; then they are taken for a chain
        return {}, None
    return seen, y_hat if isinstance(y_hat, np.ndarray) else None


def _unopened(model: Any, x: Any, y: Any, name: str, tolerance: float | None) -> list[Target]:
    """Claim the gradients of a model that shows no layers: parameters and gradients alone."""
    several = isinstance(model.params, (list, tuple))
    own = list(model.params) if several else [model.params]
    labels = tuple(f"block {i}" for i in range(len(own))) if several else ("model",)

    anew = copier(model)

    def placed(flat: Sequence[Any]) -> Any:
        work = anew()
        held = [dict(mine) for mine in own]
        for (i, key), value in zip(places, flat, strict=True):
            held[i][key] = value
        work.params = held if several else held[0]
        return work

    def stored(work: Any, i: int, key: str) -> Any:
        return np.asarray((work.grads[i] if several else work.grads)[key])

    places = tuple((i, key) for i, mine in enumerate(own) for key in mine)
    values = tuple(validated(f"{labels[i]}.{key}", own[i][key]) for i, key in places)
    access = Access(labels, places, values, placed, placed, stored, paired=False, shared={})
    return [_end_to_end(model, access, x, y, name, tolerance)]


def _in_protocol(part: Any) -> bool:
    """Whether forward takes (params, x), not just (X)."""
    parameters = inspect.signature(part.forward).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters) >= 2


def _end_to_end(model: Any, access: Access, x: Any, y: Any, name: str, tolerance: float | None) -> Target:
    """The loss against every parameter, claimed by the model's own backward."""
    names = tuple(f"{access.labels[i]}.{key}" for i, key in access.places)
    placed, places = access.placed, access.places

    def forward(x: Any, y: Any, *flat: Any) -> Any:
        work = placed(flat)
        return np.sum(work.loss(y, work.forward(x)))

    def linearize(x: Any, y: Any, *flat: Any) -> tuple[Any, Pullback]:
        work = placed(flat)
        y_hat = work.forward(x)
        value = np.sum(work.loss(y, y_hat))
        work.backward(y, y_hat)
        kept = {n: np.asarray(access.stored(work, *place)) for n, place in zip(names, places, strict=True)}
        return value, lambda cotangent: {n: None if g is None else cotangent * g for n, g in kept.items()}

    return Target(
        name=f"{name}/end to end",
        point=Point(("x", "y", *names), (x, validated("y", y), *access.values)),
        forward=forward,
        linearize=linearize,
        wrt=names,
        owners={n: (access.labels[i], key) for n, (i, key) in zip(names, places, strict=True)},
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
            raise ContractError(
                f"Expected the model to keep the gradients of {key} in a list d{key}", wrt="", check="contract.keys"
            )
        return np.asarray(kept[i])
    grads = getattr(work, "grads", None)
    if grads is None or not isinstance(grads[i], Mapping) or key not in grads[i]:
        raise ContractError(
            f"Expected the model to keep {key} of layer {i} in its grads after backward", check="contract.keys"
        )
    return np.asarray(grads[i][key])
