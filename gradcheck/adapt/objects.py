"""Any object with a forward and a backward, under the conventions in which people write them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.adapt import conventions as usual
from gradcheck.adapt.answers import gradients_of
from gradcheck.adapt.conventions import method_of, required
from gradcheck.adapt.copies import called, copied, fresh, state_of
from gradcheck.adapt.elementwise import activation, loss
from gradcheck.adapt.holdings import Path, is_number, read, standing, write
from gradcheck.adapt.observed import Convention, observe, parted
from gradcheck.adapt.vjp import gradient, names_for
from gradcheck.errors import InputError
from gradcheck.point import Point, differentiable, validated
from gradcheck.target import Pullback, Target, source_of

__all__ = ["object"]

_SCORES = ("loss", "compute_loss", "cost")  # (X, y) -> (number, {parameter: gradient}), the whole in one method


def object(
    thing: Any,
    *inputs: Any,
    forward: str | None = None,
    backward: str | None = None,
    takes: Sequence[str] | None = None,
    params: Sequence[str] | None = None,
    grads: Mapping[str, str] | None = None,
    constants: Sequence[str] = (),
    names: Sequence[str] | None = None,
    name: str | None = None,
    label: str = "",
    seed: int = 0,
    tolerance: float | None = None,
) -> Target:
    """Claim what an object's own backward says of its own forward, whatever the convention.

    Recognised: `forward(x) -> y` with the cache on the object, or `-> (y, cache)`; `backward(dy)`,
    `backward(dy, cache)`, `backward(x, cache, dy)`; gradients returned after dx in order or by name, kept as
    attributes (dW, grad_W, W_grad), in a dictionary or list `grads`, on parameter objects (W.data, W.grad), or
    applied as an update with a learning rate; output and dinputs as attributes; `act(x)` with `act.grad(x)` or
    `derivative(x)`. What is not recognised is refused with a sentence that says what to name.

    Parameters are arrays that move the output, and plain numbers (b = 0.0) that have a gradient. Every array, and every
    input beside one that has a gradient, is owed one, but for labels, masks and single numbers.

    Args:
        thing: the object. Every call is made on a fresh copy: it is not changed, and what it keeps cannot leak.
        inputs: of the forward; integers and objects are handed on.
        forward: name of the method, where it is not a usual one.
        backward: name of the method.
        takes: what the backward's arguments are, in order: "x" (or an input's name), "y", "cache", "dy", "rate", or
            what the object keeps, "self.output".
        params: names of the parameters, in the order in which backward returns their gradients.
        grads: parameter -> attribute that holds its gradient after a backward.
        constants: arrays that the object keeps, and inputs, that have no gradient.
        names: one an input.
        name: of the target; the class by default.
        label: in its network.
        seed: of numpy's global generator in every forward, for layers that draw from it.
        tolerance: relative gap that is of no interest.
    Raises:
        InputError: the convention cannot be told.

    Example:
        >>> class Scale:
        ...     def __init__(self): self.w = np.array([2.0, -1.0])
        ...     def forward(self, x): self.x = x; return x * self.w
        ...     def backward(self, dy): self.dw = (dy * self.x).sum(0); return dy * self.w
        >>> object(Scale(), np.array([[0.5, 1.5], [2.0, -0.3]])).point.names
        ('x', 'w')
    """
    if isinstance(thing, type):
        raise InputError(f"Expected an object but got the class {thing.__name__}; make one: {thing.__name__}(...)")
    simple = _elementwise(thing, inputs, forward, backward, name, tolerance)
    if simple is not None:
        return simple
    if forward is backward is takes is None and len(inputs) == 2 and _averages(thing):
        forward, takes = "calculate", ("x", names_for(thing.calculate, inputs, names)[1])
    forward, backward = _methods(thing, inputs, forward, backward, seed)
    labels = names_for(getattr(thing, forward), inputs, names)
    values = [validated(n, v) for n, v in zip(labels, inputs, strict=True)]
    found = observe(
        thing, forward, backward, labels, values,
        takes=takes, params=params, grads=grads, constants=set(constants), seed=seed,
    )  # fmt: skip
    places = dict(found.params or {})
    own = tuple(f"self.{n}" if n in labels else n for n in places)
    rested = _rested(thing, found)
    floats = [v.real.dtype for v in values if differentiable(v)]
    plain = np.result_type(*floats) if floats else np.dtype(float)  # of Python's b = 0.0 where it meets x
    starts = {n: read(thing, p) for n, p in places.items()}
    arrays = [validated(n, np.array(v, plain if type(v) in (int, float) else None)) for n, v in starts.items()]

    def call(flat: Sequence[Any], before: Sequence[Any] | None = None) -> tuple[Any, Any, Any]:
        work = copied(rested)
        answer = None
        for given in (flat,) if before is None else (before, flat):
            for path, value in zip(places.values(), given[len(labels) :], strict=True):
                write(work, path, value)
            answer = called(work, found.forward, given[: len(labels)], seed)
        return work, *parted(work, answer, found)

    def linearize(*flat: Any, before: Sequence[Any] | None = None) -> tuple[Any, Pullback]:
        work, y, cache = call(flat, before)

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            # whatever a backward accumulates begins where the forward ended; the inputs stay the caller's own, so that
            # writing into them through an attribute is seen
            memo = {id(value): value for value in flat[: len(labels)]}
            mine, kept = copy.deepcopy((work, cache), memo)
            before = {n: np.array(read(mine, p), a.dtype) for (n, p), a in zip(places.items(), arrays, strict=True)}
            answer = kept
            if found.backward:
                answer = getattr(mine, found.backward)(*found.arguments(mine, labels, flat, y, kept, cotangent))
            gradients = gradients_of(mine, answer, found, labels, before)
            if not any(role.startswith("dy") for role in found.takes):  # those of the one output, a loss
                gradients = {n: None if g is None else cotangent * np.asarray(g) for n, g in gradients.items()}
            return {place: gradients.get(n) for n, place in zip((*labels, *places), (*labels, *own), strict=True)}

        return y, pullback

    return Target(
        name=name or label or type(thing).__name__,
        point=Point((*labels, *own), (*values, *arrays)),
        forward=lambda *flat: call(flat)[1],
        linearize=linearize,
        used=lambda before, flat: linearize(*flat, before=before),
        wrt=(*found.claimed, *own),
        layer=label,
        source=source_of(getattr(thing, found.backward or found.forward)),
        subject=thing,
        tolerance=tolerance,
        keeps=state_of(thing, found.forward, values, seed),
    )


def _rested(thing: Any, found: Convention) -> Any:
    """Return an object whose gradients of earlier steps are back at zero, for a layer that adds to them."""

    def is_left(path: Path) -> bool:
        old = standing(thing, path)
        held = isinstance(old, np.ndarray) or (is_number(old) and not isinstance(read(thing, path[:-1]), tuple))
        return held and bool(np.any(old))

    left = [path for path in (found.grads or {}).values() if is_left(path)]
    rested = copied(thing) if left else thing
    for path in left:
        write(rested, path, np.zeros_like(read(rested, path)))
    return rested


def _methods(
    thing: Any, inputs: Sequence[Any], forward: str | None, backward: str | None, seed: int
) -> tuple[str, str]:
    """Return the names of the forward and of the backward; "" for a `loss` that returns (number, gradients)."""
    if forward is None and backward is None and not _has(thing, usual.BACKWARDS):
        scored = next((n for n in _SCORES if callable(getattr(thing, n, None))), None)
        if scored is not None:
            answer = called(copied(thing), scored, fresh(inputs), seed)
            if isinstance(answer, tuple) and len(answer) == 2 and np.ndim(answer[0]) == 0:
                return scored, ""
    return method_of(thing, forward, usual.FORWARDS, "forward"), method_of(thing, backward, usual.BACKWARDS, "backward")


def _averages(thing: Any) -> bool:
    """Whether a loss has a value for each sample, and in `calculate` the mean that its backward is of."""
    both = callable(getattr(thing, "calculate", None)) and _has(thing, ("backward",))
    arguments = required(thing.backward) if both else []
    return len(arguments) == 2 and usual.is_truth(arguments[1]) and not usual.is_truth(arguments[0])


def _has(thing: Any, names: Sequence[str]) -> bool:
    return any(callable(getattr(thing, n, None)) for n in names)


def _elementwise(
    thing: Any,
    inputs: Sequence[Any],
    forward: str | None,
    backward: str | None,
    name: str | None,
    tolerance: float | None,
) -> Target | None:
    """Return the target of an activation or loss: f(x) and a derivative of the same arguments, no cotangent."""
    if backward is None and _has(thing, usual.BACKWARDS):
        return None
    derivative = backward or next((n for n in usual.DERIVATIVES if callable(getattr(thing, n, None))), None)
    if derivative is None or len(inputs) not in (1, 2):
        return None
    called = forward or next((n for n in (*usual.FORWARDS, "loss", "fn", "f") if callable(getattr(thing, n, None))), "")
    arguments = required(getattr(thing, method_of(thing, derivative, (), "backward")))
    if not called or len(arguments) != len(inputs) or usual.is_cotangent(arguments[0]):
        return None
    pair = _Pair(getattr(thing, called), getattr(thing, derivative))
    if len(inputs) == 2 and usual.is_prediction_first(required(pair.function), inputs):
        inputs, pair = inputs[::-1], _Pair(_swapped(pair.function), _swapped(pair.grad))
    told: dict[str, Any] = {"name": name or type(thing).__name__, "tolerance": tolerance}
    if len(inputs) == 2:
        made = loss(pair, *inputs, **told)
    elif np.ndim(inputs[0]) and np.ndim(pair(*fresh(inputs))) == 0:  # a function of many variables and its gradient
        made = gradient(pair, pair.grad, inputs[0], **told)
    else:
        made = activation(pair, inputs[0], **told)
    return replace(made, subject=thing, source=source_of(getattr(thing, derivative)))


def _swapped(function: Any) -> Any:
    return lambda first, second: function(second, first)


@dataclass(frozen=True)
class _Pair:
    """A function and its derivative under the names that the adapters of activations and losses expect."""

    function: Any
    grad: Any

    def __call__(self, *arguments: Any) -> Any:
        """Call the function."""
        return self.function(*arguments)
