"""thinc: models with the gradients that they accumulate, and the pairs of operations of its backends."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.adapt.importing import library
from gradcheck.adapt.seeding import numbered
from gradcheck.adapt.vjp import closure
from gradcheck.errors import ContractError, InputError
from gradcheck.point import Point, differentiable, validated
from gradcheck.target import Pullback, Target, source_of

__all__ = ["thinc"]


def thinc(
    model: Any,
    *inputs: Any,
    op: str | None = None,
    name: str | None = None,
    training: bool = True,
    seed: int = 0,
    tolerance: float | None = None,
    **keywords: Any,
) -> Target:
    """Claim what a thinc model's own backprop says, or a pair of operations of its backends.

    Args:
        model: a `thinc.model.Model`; or an `Ops` object together with `op`.
        inputs: one for a model: an array, `Ragged`, `Padded`, or a list or tuple of them. For an operation its
            arguments, in order.
        op: of an operation and its `backprop_` twin: "gelu", "seq2col", "reduce_max", ...
        name: of the target.
        training: whether the forward is a training one.
        seed: of numpy's global generator in every forward, which thinc's dropout draws from.
        tolerance: relative gap that is of no interest.
        keywords: of an operation, for its forward and its twin: axis, nW, ...
    Returns:
        The target. A model's parameters are called by their node, "linear.W". Gradients are read with `get_grad`;
        a second backprop has to add to them, as thinc promises.
    Raises:
        TargetError: thinc is not installed.
        InputError: what was given is no model.

    Example:
        >>> from thinc.api import Linear
        >>> thinc(Linear(5, 3), np.ones((2, 3), dtype="f")).point.names
        ('X', 'linear.W', 'linear.b')
    """
    library("thinc", "thinc")
    if op is not None:
        return _operation(model, op, inputs, keywords, name, tolerance)
    if not isinstance(model, library("thinc.model", "thinc").Model) or len(inputs) != 1 or keywords:
        told = f"{type(model).__name__} and {len(inputs)} inputs"
        raise InputError(f"Expected a thinc Model and its one input, or an Ops object with op=..., but got {told}")
    X, own = inputs[0], _copied(model)
    try:
        own.initialize(X=X)
    except Exception:  # some models need Y or are made already; what is missing shows when they are called
        own = _copied(model)
    empty = [f"{node.name}.{p}" for node in own.walk() for p in node.param_names if not node.has_param(p)]
    if empty:
        raise InputError(
            f"Expected a model that X alone can initialize but {', '.join(empty)} got no value: give the sizes, "
            "Linear(nO, nI), or call model.initialize(X=..., Y=...) first"
        )
    names_x = tuple(n for n, _ in _opened(X, "X"))
    arrays = [validated(n, np.array(a)) for n, a in _opened(X, "X")]
    labels = tuple(_labels(own))
    values = [np.array(node.get_param(p)) for node, p in _nodes(own)]
    count = len(names_x)

    def run(flat: Sequence[Any]) -> tuple[list[Any], Any, Callable[[Any], Any]]:
        work = _copied(own)
        nodes = list(_nodes(work))
        for (node, p), value in zip(nodes, flat[count:], strict=True):
            node.set_param(p, value)
        with numbered(seed):
            outputs, backprop = work(_rebuilt(X, iter(flat[:count])), is_train=training)
        return nodes, outputs, backprop

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        nodes, outputs, backprop = run(flat)

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            for node, p in nodes:
                node.set_grad(p, np.zeros_like(node.get_param(p)))
            with numbered(seed + 1):
                dX = _insisting(lambda u: backprop(_rebuilt(outputs, iter(_flat(u)))), cotangent)
            found: dict[str, Any] = {
                label: np.array(node.get_grad(p)) for label, (node, p) in zip(labels, nodes, strict=True)
            }
            _accumulates(run(flat), cotangent, labels, found)
            gradients = dict(_opened(dX, "X")) if dX is not None else {}
            return found | {
                n: gradients.get(n) if differentiable(a) else None for n, a in zip(names_x, arrays, strict=True)
            }

        return _told(outputs), pullback

    return Target(
        name=name or model.name,
        point=Point((*names_x, *labels), (*arrays, *values)),
        forward=lambda *flat: _told(run(flat)[1]),
        linearize=linearize,
        source=source_of(model._func),
        subject=model,
        tolerance=tolerance,
    )


def _accumulates(run: Any, cotangent: Any, labels: Sequence[str], found: Mapping[str, Any]) -> None:
    """Hold thinc's promise that gradients add up over calls until they are used: from g, another g makes 2 g."""
    nodes, outputs, backprop = run
    for label, (node, p) in zip(labels, nodes, strict=True):
        node.set_grad(p, found[label].copy())
    _insisting(lambda u: backprop(_rebuilt(outputs, iter(_flat(u)))), cotangent)
    for label, (node, p) in zip(labels, nodes, strict=True):
        once, twice = found[label], np.asarray(node.get_grad(p))
        size = float(np.linalg.norm(once))
        if once.shape == twice.shape and np.linalg.norm(twice - 2 * once) > 1e-3 * size:
            raise ContractError(
                f"the gradient of {label} is not added to what was there: after a second backprop it is "
                f"{float(np.linalg.norm(twice)) / size:.3g} times the first, where thinc's accumulate to 2",
                wrt=label,
                check="pullback.repeatable",
            )


def _copied(model: Any) -> Any:
    """Return a copy, with the references that `Model.copy` leaves out: to None, and to models that are no layers."""
    made = model.copy()
    for old, new in zip(model.walk(order="dfs_pre"), made.walk(order="dfs_pre"), strict=False):
        for name in old.ref_names:
            if name not in new.ref_names:
                kept = old.maybe_get_ref(name)
                new._refs[name] = None if kept is None else kept.copy()
    return made


def _insisting(backward: Callable[[Any], Any], cotangent: Any) -> Any:
    """Call a backward; where it refuses a layout out loud, as thinc may, give it the layout that it asks for."""
    try:
        return backward(cotangent)
    except ValueError as error:
        if "contiguous" not in str(error):
            raise
    plain = [np.ascontiguousarray(u) for u in _flat(cotangent)]
    return backward(tuple(plain) if isinstance(cotangent, tuple) else plain[0])


def _nodes(model: Any) -> Iterator[tuple[Any, str]]:
    for node in model.walk():
        for p in node.param_names:
            if node.has_param(p):
                yield node, p


def _labels(model: Any) -> Iterator[str]:
    """Yield "node.parameter", numbered where nodes share a name."""
    numbers: dict[str, dict[int, int]] = {}
    for node, p in _nodes(model):
        same = numbers.setdefault(node.name, {})
        number = same.setdefault(node.id, len(same) + 1)
        yield f"{node.name}.{p}" if number == 1 else f"{node.name} ({number}).{p}"


def _opened(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield (name, array) of a thinc value; lengths and indices are constants of its form."""
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _opened(item, f"{name}.{i}")
    elif isinstance(getattr(value, "data", None), np.ndarray):  # Ragged, Padded
        yield name, value.data


def _rebuilt(value: Any, flat: Iterator[Any]) -> Any:
    """Return the same form with other arrays."""
    if isinstance(value, np.ndarray):
        return next(flat)
    if isinstance(value, (list, tuple)):
        return type(value)([_rebuilt(item, flat) for item in value])
    if isinstance(getattr(value, "data", None), np.ndarray):
        made = copy.copy(value)
        made.data = next(flat)
        return made
    return value


def _told(outputs: Any) -> Any:
    found = [a for _, a in _opened(outputs, "Y")]
    return found[0] if len(found) == 1 else tuple(found)


def _flat(cotangent: Any) -> list[Any]:
    return list(cotangent) if isinstance(cotangent, tuple) else [cotangent]


def _operation(
    ops: Any, op: str, inputs: Sequence[Any], keywords: Mapping[str, Any], name: str | None, tolerance: float | None
) -> Target:
    """Return the target of ops.name and ops.backprop_name, the twin's arguments told by their names."""
    forward, backward = getattr(ops, op, None), getattr(ops, f"backprop_{op}", None)
    if forward is None or backward is None:
        pairs = ", ".join(n.removeprefix("backprop_") for n in dir(ops) if n.startswith("backprop_"))
        raise InputError(f"Expected an operation with a backprop_ twin but got op={op!r}; there are {pairs or 'none'}")
    taken = [n for n in inspect.signature(forward).parameters if n != "self"]
    due = [p for n, p in inspect.signature(backward).parameters.items() if n != "self"]

    def f(*arguments: Any) -> tuple[Any, Callable[[Any], Any]]:
        answer = forward(*arguments, **{k: v for k, v in keywords.items() if k in taken})
        Y, extra = answer if isinstance(answer, tuple) else (answer, None)
        known: dict[str, Any] = {**dict(zip(taken, arguments, strict=False)), **keywords, "Y": Y}
        known.setdefault("X", arguments[0])
        known.setdefault("P", np.shape(arguments[0])[-1])

        def pullback(dY: Any) -> tuple[Any, ...]:
            values = {}
            for parameter in due:
                if parameter.name in known:
                    values[parameter.name] = known[parameter.name]
                elif parameter.name[:1] == "d":
                    values[parameter.name] = dY
                elif parameter.default is parameter.empty:
                    values[parameter.name] = extra
            cotangents = [n for n, v in values.items() if v is dY]
            gradient = _insisting(lambda u: backward(**values | dict.fromkeys(cotangents, u)), dY)
            return (gradient, *(None for _ in arguments[1:]))

        return Y, pullback

    labels = taken[: len(inputs)]
    target = closure(f, *inputs, names=labels, name=name or f"{type(ops).__name__}.{op}", tolerance=tolerance)
    return replace(target, source=source_of(backward), subject=forward)
