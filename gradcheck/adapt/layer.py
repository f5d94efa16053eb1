"""Layers in the protocol forward(params, x) -> (y, cache), backward(params, cache, dy) -> (dx, dparams)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapt.elementwise import loss as adapt_loss
from gradcheck.adapt.vjp import name_of
from gradcheck.errors import ContractError, InputError
from gradcheck.point import Point, validated
from gradcheck.recipe import Recipe
from gradcheck.target import Pullback, Target, source_of
from gradcheck.tree import is_container, leaves, rebuild

__all__ = ["is_layer", "label_of", "layer", "layers"]


def is_layer(thing: Any) -> bool:
    """Whether an object has the methods of a layer."""
    return callable(getattr(thing, "forward", None)) and callable(getattr(thing, "backward", None))


def label_of(index: int, thing: Any) -> str:
    """Return a layer's label in its network, "2 Dense"."""
    return f"{index} {name_of(type(thing))}"


def layer(
    layer: Any,
    params: Mapping[str, Any] | None,
    x: Any,
    *,
    name: str | None = None,
    label: str = "",
    seed: int | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that layer.backward is the vector-Jacobian product of layer.forward.

    Args:
        layer: forward(params, x) -> (y, cache); backward(params, cache, dy) -> (dx, dparams).
        params: mapping of arrays, possibly nested; empty or None where there are none.
        x: input array, or a tuple of them; integers (ids) have no gradient.
        name: of the target; the class of the layer by default.
        label: in its network, "0 Dense".
        seed: for a stochastic layer: every forward gets a fresh generator of this seed; None for inference.
        tolerance: relative gap that is of no interest.
    Raises:
        InputError: the object is not a layer, or its arrays cannot be differentiated.
    """
    if isinstance(layer, type) or not is_layer(layer):
        raise InputError(
            f"Expected a layer with forward(params, x) and backward(params, cache, dy) but got layer={layer!r}"
        )
    params = {} if params is None else params
    if not isinstance(params, Mapping):
        raise InputError(f"Expected params to be a mapping of arrays but got {type(params).__name__}")
    own, rest = list(leaves(x, "x")), list(leaves(params))
    names = [n for n, _ in (*own, *rest)]
    values = [validated(n, v) for n, v in (*own, *rest)]
    keywords: Callable[[], dict[str, Any]] = lambda: {} if seed is None else {"rng": np.random.default_rng(seed)}  # noqa: E731  # a fresh generator a call
    split = len(own)

    def arguments(flat: Sequence[Any]) -> tuple[Any, Any]:
        ours, theirs = iter(flat[:split]), iter(flat[split:])
        moved = rebuild(x, lambda _: next(ours)) if is_container(x) else flat[0]
        return rebuild(params, lambda _: next(theirs)), moved

    def call(flat: Sequence[Any]) -> tuple[Any, Any, Any]:
        theirs, moved = arguments(flat)
        answer = layer.forward(theirs, moved, **keywords())
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise ContractError(
                f"Expected {name_of(type(layer))}.forward to return (y, cache) but got {type(answer).__name__}"
            )
        return theirs, *answer

    def forward(*flat: Any) -> Any:
        return call(flat)[1]

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        theirs, y, cache = call(flat)

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            answer = layer.backward(theirs, cache, cotangent)
            if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], Mapping)):
                raise ContractError(
                    f"Expected {name_of(type(layer))}.backward to return (dx, dparams) but got {_told(answer)}",
                    check="contract.keys",
                )
            dx, dparams = answer
            found = {n: None for n, _ in own} if dx is None else dict(leaves(dx, "x"))
            return found | dict(leaves(dparams))

        return y, pullback

    again = partial(_again, name=name, label=label, seed=seed, tolerance=tolerance)
    return Target(
        name=name or label or name_of(type(layer)),
        point=Point(tuple(names), tuple(values)),
        forward=forward,
        linearize=linearize,
        layer=label,
        source=source_of(layer.backward),
        subject=layer,
        tolerance=tolerance,
        recipe=Recipe("layer", {"layer": layer}, ("x", "params"), (x, params), again, seed),
    )


def _again(things: Mapping[str, Any], arguments: Sequence[Any], **told: Any) -> Target:
    return layer(things["layer"], arguments[1], arguments[0], **told)


def _told(answer: Any) -> str:
    if isinstance(answer, tuple):
        return f"a tuple of {', '.join(type(item).__name__ for item in answer) or 'nothing'}"
    return type(answer).__name__


def layers(
    layers: Sequence[Any],
    params: Sequence[Mapping[str, Any] | None],
    x: Any,
    *,
    loss: Any = None,
    y: Any = None,
    name: str = "network",
    seed: int | None = None,
    tolerance: float | None = None,
) -> list[Target]:
    """Claim each layer of a chain at the input that it really receives, the loss, and the whole.

    Args:
        layers: in forward order.
        params: one mapping a layer.
        x: input of the first layer.
        loss: loss(y, y_hat) with loss.grad; None for none.
        y: the truth, needed with a loss.
        name: of the network; targets are called "network/0 Dense", "network/loss", "network/end to end".
        seed: for stochastic layers.
        tolerance: relative gap that is of no interest.
    Returns:
        One target a layer, one for the loss if there is one, and one for the whole chain.
    """
    if len(layers) != len(params):
        raise InputError(f"Expected one mapping of parameters a layer but got {len(params)} for {len(layers)} layers")
    if not layers:
        raise InputError("Expected at least one layer but got none")
    targets: list[Target] = []
    inputs = x
    for i, (each, own) in enumerate(zip(layers, params, strict=True)):
        label = label_of(i, each)
        target = layer(each, own, inputs, name=f"{name}/{label}", label=label, seed=seed, tolerance=tolerance)
        targets.append(target)
        inputs = target.forward(*target.point.copies())
    if loss is not None:
        if y is None:
            raise InputError("Expected the truth y beside the loss but got y=None")
        targets.append(adapt_loss(loss, y, inputs, name=f"{name}/loss", layer="loss", tolerance=tolerance))
    return [*targets, _whole(targets, name, tolerance)]


def _whole(targets: Sequence[Target], name: str, tolerance: float | None) -> Target:
    """Compose a chain of targets: the first input and every parameter against the last output."""
    names: list[str] = []
    values: list[Any] = []
    owners: dict[str, tuple[str, str]] = {}
    parts: list[list[str]] = []
    first = [n for n in targets[0].point.names if n == "x" or n.startswith("x.")]
    for i, target in enumerate(targets):
        carried = first if i == 0 else [n for n in target.point.names if n in ("x", "y_hat")]
        mine = []
        for n, v in zip(target.point.names, target.point.values, strict=True):
            if i == 0 or n not in carried:
                full = n if n in first and i == 0 else f"{target.layer}.{n}"
                names.append(full)
                values.append(v)
                owners[full] = (target.layer, n)
                mine.append(full)
        parts.append(mine)

    def split(flat: Sequence[Any]) -> list[list[Any]]:
        rest = iter(flat)
        return [[next(rest) for _ in mine] for mine in parts]

    def joined(target: Target, own: list[Any], y: Any) -> list[Any]:
        if target is targets[0]:
            return own
        rest = iter(own)
        return [y if n in ("x", "y_hat") else next(rest) for n in target.point.names]

    def forward(*flat: Any) -> Any:
        y: Any = None
        for target, own in zip(targets, split(flat), strict=True):
            y = target.forward(*joined(target, own, y))
        return y

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        y: Any = None
        pullbacks = []
        for target, own in zip(targets, split(flat), strict=True):
            y, pullback = target.linearize(*joined(target, own, y))
            pullbacks.append(pullback)

        def back(cotangent: Any) -> Mapping[str, Any]:
            found: dict[str, Any] = {}
            for mine, pullback in reversed(list(zip(parts, pullbacks, strict=True))):
                answer = pullback(cotangent)
                for full in mine:
                    found[full] = answer.get(owners[full][1])
                cotangent = answer.get("x", answer.get("y_hat"))
                if cotangent is None:  # integers below: no derivative passes
                    break
            return found

        return y, back

    claimed = tuple(
        n
        for n, v in zip(names, values, strict=True)
        if owners[n][1] != "y" and getattr(v, "dtype", None) is not None and v.dtype.kind in "fc"
    )
    return Target(
        name=f"{name}/end to end",
        point=Point(tuple(names), tuple(values)),
        forward=forward,
        linearize=linearize,
        wrt=claimed,
        owners=owners,
        role="end_to_end",
        tolerance=tolerance,
    )
