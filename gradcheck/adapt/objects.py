"""Any object with a forward and a backward, under the conventions in which people write them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.adapt import conventions as usual
from gradcheck.adapt.conventions import Path, method_of, parameters_in, read, required, roles_of, write
from gradcheck.adapt.elementwise import activation, loss
from gradcheck.adapt.seeding import numbered
from gradcheck.adapt.vjp import names_for
from gradcheck.errors import ContractError, InputError
from gradcheck.point import Point, differentiable, validated
from gradcheck.target import Pullback, Target, source_of

__all__ = ["object"]

_OUTPUTS = ("output", "outputs", "out", "y", "a", "A", "activation")


@dataclass(frozen=True)
class _Found:
    """The convention that an object follows.

    Args:
        forward: name of the method.
        backward: name of the method.
        takes: what each argument of the backward is.
        cached: forward returns (y, cache).
        kept: attribute that holds the output, where forward returns nothing.
        params: name -> where the parameter stands.
        grads: name of an input or parameter -> where its gradient stands; () where it is returned or an update.
        order: names of the quantities in the order in which backward returns them.
        updates: backward takes a learning rate and writes the new parameters.
    """

    forward: str
    backward: str
    takes: tuple[str, ...]
    cached: bool
    kept: str
    params: Mapping[str, Path]
    grads: Mapping[str, Path]
    order: tuple[str, ...]
    updates: bool


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

    Args:
        thing: the object. Every call is made on a fresh copy: it is not changed, and what it keeps cannot leak.
        inputs: of the forward; integers and objects are handed on.
        forward: name of the method, where it is not a usual one.
        backward: name of the method.
        takes: what the backward's arguments are, in order: "x" (or an input's name), "y", "cache", "dy", "rate".
        params: names of the parameters, in the order in which backward returns their gradients.
        grads: parameter -> attribute that holds its gradient after a backward.
        constants: arrays that the object keeps and that have no gradient.
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
    forward = method_of(thing, forward, usual.FORWARDS, "forward")
    backward = method_of(thing, backward, usual.BACKWARDS, "backward")
    labels = names_for(getattr(thing, forward), inputs, names)
    values = [validated(n, v) for n, v in zip(labels, inputs, strict=True)]
    found = _recognise(thing, forward, backward, labels, values, takes, params, grads, set(constants), seed)
    taken = tuple(labels)
    own = tuple(f"self.{n}" if n in taken else n for n in found.params)
    arrays = [validated(n, np.array(read(thing, p))) for n, p in found.params.items()]

    def call(flat: Sequence[Any]) -> tuple[Any, Any, Any]:
        work = _copy(thing)
        for path, value in zip(found.params.values(), flat[len(labels) :], strict=True):
            write(work, path, value)
        answer = _called(work, found.forward, flat[: len(labels)], seed)
        return work, *_parted(work, answer, found)

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        work, y, cache = call(flat)

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            mine, kept = copy.deepcopy((work, cache))  # whatever a backward accumulates begins where the forward ended
            before = {n: np.array(read(mine, p)) for n, p in found.params.items()}
            answer = getattr(mine, found.backward)(*_arguments(found, labels, flat, y, kept, cotangent))
            gradients = _gradients(mine, answer, found, labels, before)
            return {place: gradients.get(n) for n, place in zip((*labels, *found.params), (*taken, *own), strict=True)}

        return y, pullback

    names_ = (*taken, *own)
    return Target(
        name=name or label or type(thing).__name__,
        point=Point(names_, (*values, *arrays)),
        forward=lambda *flat: call(flat)[1],
        linearize=linearize,
        layer=label,
        source=source_of(getattr(thing, found.backward)),
        subject=thing,
        tolerance=tolerance,
        keeps=_state(thing, found.forward, values, seed),
    )


def _recognise(
    thing: Any,
    forward: str,
    backward: str,
    labels: Sequence[str],
    values: Sequence[Any],
    takes: Sequence[str] | None,
    params: Sequence[str] | None,
    grads: Mapping[str, str] | None,
    constants: set[str],
    seed: int,
) -> _Found:
    """Run an object once forward and once back, and tell its convention from what is found."""
    owner = type(thing).__name__
    work = _copy(thing)
    candidates = {n: p for n, p in parameters_in(work, params).items() if n not in constants}
    answer = _called(work, forward, [v.copy() if isinstance(v, np.ndarray) else v for v in values], seed)
    arguments = required(getattr(thing, backward))
    paired = isinstance(answer, tuple) and len(answer) == 2
    if takes is not None:
        roles = tuple(f"x:{labels[0]}" if t == "x" else f"x:{t}" if t in labels else t for t in takes)
    else:
        plain = len(arguments) == 1
        roles = roles_of(f"{owner}.{backward}", arguments, labels, paired and not plain)
    cached = paired and "cache" in roles
    kept = ""
    if answer is None:
        kept = next((n for n in _OUTPUTS if isinstance(getattr(work, n, None), np.ndarray)), "")
        if not kept:
            raise InputError(f"{owner}.{forward} returned nothing, and no attribute holds an output ({_OUTPUTS})")
    first = _Found(forward, backward, roles, cached, kept, candidates, {}, (), "rate" in roles)
    y, cache = _parted(work, answer, first)
    ones = _ones(y)
    returned = getattr(work, backward)(*_arguments(first, labels, values, y, cache, ones))
    given = {n: ((".", attribute),) for n, attribute in (grads or {}).items()}
    places: dict[str, Path] = {}
    for n, path in candidates.items():
        place = given.get(n) or usual.gradient_of(work, n, path, {})
        if place is not None and (n not in {k for k in candidates if place == candidates[k]}):
            places[n] = place
    gradients_of_others = {p for p in places.values()}
    candidates = {n: p for n, p in candidates.items() if p not in gradients_of_others}
    order, chosen = _order(owner, returned, labels, candidates, places, params, first.updates)
    if returned is None:
        for n in labels:
            place = given.get(n) or usual.input_gradient_of(work, n, only=len(labels) == 1)
            if place is not None:
                places[n] = place
    left = [n for n in candidates if n not in chosen and n not in places]
    _refuse_silent(thing, forward, values, seed, {n: candidates[n] for n in left}, kept)
    final = {n: p for n, p in candidates.items() if n in chosen or n in places}
    return _Found(forward, backward, roles, cached, kept, final, places, order, first.updates)


def _order(
    owner: str,
    returned: Any,
    labels: Sequence[str],
    candidates: Mapping[str, Path],
    places: Mapping[str, Path],
    params: Sequence[str] | None,
    updates: bool,
) -> tuple[tuple[str, ...], set[str]]:
    """Return the order of what backward returns, and the parameters that it answers for."""
    if updates:
        return tuple(labels), set(candidates)
    if isinstance(returned, Mapping):
        return (), {n for n in candidates if _named(returned, n) is not None}
    if not isinstance(returned, (tuple, list)):
        return tuple(labels[:1]) if returned is not None else (), set()
    rest = list(returned[len(labels) :])
    if len(rest) == 1 and isinstance(rest[0], Mapping):
        return tuple(labels), {n for n in candidates if _named(rest[0], n) is not None}
    if len(rest) == 1 and isinstance(rest[0], (tuple, list)) and len(rest[0]) > 1:
        rest = list(rest[0])
    open_ = list(params) if params is not None else [n for n in candidates if n not in places]
    if len(rest) != len(open_) and rest:
        raise InputError(
            f"{owner}'s backward returns {len(rest)} gradients beside those of the inputs, but the object keeps "
            f"{len(open_)} floating-point arrays: {', '.join(open_) or 'none'}; name them in the order of the "
            'gradients: params=("W", "b")'
        )
    return (*labels, *(open_ if rest else ())), set(open_ if rest else ())


def _gradients(
    work: Any, answer: Any, found: _Found, labels: Sequence[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return name -> gradient after a backward."""
    gradients: dict[str, Any] = {}
    if isinstance(answer, Mapping):
        gradients = {n: g for n in (*labels, *found.params) if (g := _named(answer, n)) is not None}
    elif isinstance(answer, (tuple, list)) and len(answer) != 1:
        flat = list(answer)
        if len(flat) > len(labels) and isinstance(flat[len(labels)], Mapping):
            named = flat.pop()
            gradients = {n: g for n in found.params if (g := _named(named, n)) is not None}
        elif len(flat) == len(labels) + 1 and isinstance(flat[-1], (tuple, list)):
            flat = [*flat[:-1], *flat[-1]]
        due = found.order or tuple(labels)
        if len(flat) != len(due):
            raise ContractError(
                f"Expected backward to return {len(due)} gradients ({', '.join(due)}) but got {len(flat)}",
                check="contract.keys",
            )
        gradients |= dict(zip(due, flat, strict=True))
    elif answer is not None:
        single = answer[0] if isinstance(answer, (tuple, list)) and len(answer) == 1 else answer
        gradients[labels[0]] = single
    for n, place in found.grads.items():
        if n not in gradients:
            gradients[n] = read(work, place)
    if found.updates:  # θ − 1 · g was written
        gradients |= {n: before[n] - read(work, p) for n, p in found.params.items() if n not in found.grads}
    for n, p in found.params.items():
        value = gradients.get(n)
        if isinstance(value, (float, int)) and not isinstance(value, bool):
            gradients[n] = np.asarray(value, dtype=np.asarray(read(work, p)).dtype)
    return gradients


def _named(answer: Mapping[str, Any], name: str) -> Any:
    for key in (name, *usual._spellings(name)):
        if key in answer:
            return answer[key]
    return None


def _arguments(
    found: _Found, labels: Sequence[str], flat: Sequence[Any], y: Any, cache: Any, cotangent: Any
) -> list[Any]:
    known = {"dy": cotangent, "cache": cache, "y": y, "rate": 1.0}
    known |= {f"x:{n}": v for n, v in zip(labels, flat, strict=False)}
    return [known[role] for role in found.takes]


def _parted(work: Any, answer: Any, found: _Found) -> tuple[Any, Any]:
    if found.kept:
        return getattr(work, found.kept), None
    return (answer[0], answer[1]) if found.cached else (answer, None)


def _ones(y: Any) -> Any:
    if isinstance(y, (tuple, list)):
        return type(y)(_ones(item) for item in y)
    return np.ones_like(y) if isinstance(y, np.ndarray) else type(y)(1) if isinstance(y, (float, np.floating)) else y


def _refuse_silent(
    thing: Any, forward: str, values: Sequence[Any], seed: int, left: Mapping[str, Path], kept: str
) -> None:
    """Refuse an object with an array that moves its output and whose gradient was found nowhere."""
    for n, path in left.items():
        if n.lower().startswith(("running", "moving", "global_")):
            continue  # statistics of a normalisation, constants of its inference
        outputs = []
        for factor in (1.0, 1.0 + 2.0**-10):
            work = _copy(thing)
            write(work, path, np.asarray(read(work, path)) * factor + (factor - 1.0))
            try:
                answer = _called(work, forward, [v.copy() if isinstance(v, np.ndarray) else v for v in values], seed)
            except Exception:  # it does not like being moved: then it is no parameter
                break
            outputs.append(getattr(work, kept) if kept else answer)
        if len(outputs) == 2 and not _alike(*outputs):
            raise InputError(
                f"{type(thing).__name__} keeps an array {n!r} that moves its output, and no gradient was found for it "
                f"(looked for d{n}, grad_{n}, {n}_grad, grads[{n!r}], ... and in what backward returns). Say where it "
                f'is, grads={{{n!r}: "attribute"}}, or that it has none, constants=({n!r},)'
            )


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, (tuple, list)):
        return all(_alike(i, j) for i, j in zip(a, b, strict=False))
    return not differentiable(np.asarray(a) if isinstance(a, float) else a) or bool(np.array_equal(a, b))


def _state(thing: Any, forward: str, values: Sequence[Any], seed: int) -> tuple[str, ...]:
    """Return the attributes that a forward overwrites although they were there before: running means, counters."""
    work = _copy(thing)
    before = dict(getattr(work, "__dict__", {}))
    kept = {k: copy.deepcopy(v) for k, v in before.items() if v is not None}
    try:
        _called(work, forward, [v.copy() if isinstance(v, np.ndarray) else v for v in values], seed)
    except Exception:  # the check tells what it raises
        return ()
    after = getattr(work, "__dict__", {})
    return tuple(k for k, v in kept.items() if not _equal(v, after.get(k)))


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b)
    if isinstance(a, (int, float, str, bool)):
        return bool(a == b)
    return True  # what cannot be compared is not told of


def _copy(thing: Any) -> Any:
    try:
        return copy.deepcopy(thing)
    except Exception as error:
        raise InputError(
            f"{type(thing).__name__} cannot be copied ({type(error).__name__}: {error}), and every call needs a fresh "
            "one; give two functions instead: adapt.vjp(forward, vjp, *inputs)"
        ) from error


def _called(work: Any, forward: str, inputs: Sequence[Any], seed: int) -> Any:
    with numbered(seed):
        return getattr(work, forward)(*inputs)


def _elementwise(
    thing: Any,
    inputs: Sequence[Any],
    forward: str | None,
    backward: str | None,
    name: str | None,
    tolerance: float | None,
) -> Target | None:
    """Return the target of an activation or loss: f(x) and a derivative of the same arguments, no cotangent."""
    if backward is None and any(callable(getattr(thing, n, None)) for n in usual.BACKWARDS):
        return None
    derivative = backward or next((n for n in usual.DERIVATIVES if callable(getattr(thing, n, None))), None)
    if derivative is None or len(inputs) not in (1, 2):
        return None
    called = forward or next((n for n in (*usual.FORWARDS, "loss", "fn", "f") if callable(getattr(thing, n, None))), "")
    arguments = required(getattr(thing, method_of(thing, derivative, (), "backward")))
    if not called or len(arguments) != len(inputs) or usual.is_cotangent(arguments[0]):
        return None
    pair = _Pair(getattr(thing, called), getattr(thing, derivative))
    told: dict[str, Any] = {"name": name or type(thing).__name__, "tolerance": tolerance}
    made = activation(pair, inputs[0], **told) if len(inputs) == 1 else loss(pair, *inputs, **told)
    from dataclasses import replace

    return replace(made, subject=thing, source=source_of(getattr(thing, derivative)))


@dataclass(frozen=True)
class _Pair:
    """A function and its derivative under the names that the adapters of activations and losses expect."""

    function: Any
    grad: Any

    def __call__(self, *arguments: Any) -> Any:
        """Call the function."""
        return self.function(*arguments)
