"""What a model does between its layers, as a function of its own with a pullback of its own.

Every layer is replaced by a stand-in that answers with an array it was given, so that all that is left of the
model's forward is the wiring: from the layers' outputs and the parameters to the layers' inputs. Going back, the
stand-ins answer with cotangents that they were given, and what the model hands them is the pullback of the wiring:
the sum, over all who used an output, of what they sent back. So the wiring is checked like any layer, whatever
the layers themselves do; and a stand-in sees at once when it is handed another layer's cache, or an old one.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.errors import ContractError
from gradcheck.point import Point, differentiable
from gradcheck.target import Pullback, Target, source_of
from gradcheck.tree import leaves, rebuild

__all__ = ["Access", "Seen", "wiring"]

_ID = "model.boundary"


@dataclass(frozen=True)
class Access:
    """How to get at a model's parts, whatever its form.

    Args:
        labels: of its layers.
        places: (layer, name) of every parameter.
        values: their values, in that order.
        placed: flat parameters -> a copy of the model that holds them.
        bare: the same, the layers themselves not copied, for stand-ins to replace.
        stored: (model, layer, name) -> the gradient that it kept after backward.
        paired: whether the layers are the notebook's: forward(X), backward(X, Z, dY).
        shared: place -> all places that hold the same array.
    """

    labels: tuple[str, ...]
    places: tuple[tuple[int, str], ...]
    values: tuple[Any, ...]
    placed: Callable[[Sequence[Any]], Any]
    bare: Callable[[Sequence[Any]], Any]
    stored: Callable[[Any, int, str], Any]
    paired: bool
    shared: Mapping[tuple[int, str], Sequence[tuple[int, str]]]

    def spread(self, flat: Sequence[Any]) -> Iterator[tuple[tuple[int, str], Any]]:
        """Yield ((layer, name), value) of every parameter, those that are held in common at each of their places."""
        for place, value in zip(self.places, flat, strict=True):
            for each in self.shared.get(place, (place,)):
                yield each, value


@dataclass
class _Run:
    """One forward and backward of the wiring: who was called with what.

    Args:
        answers: what each call of a layer gives, in order; None to run the layers themselves.
        calls: (layer, input, parameters) of each call so far.
        received: dy of each call that was pulled back.
        pulls: how often each was.
        back: (dx, dparams) that each call answers with.
        tokens: id of a cache -> number of its call; the caches themselves are kept alive beside them.
    """

    labels: tuple[str, ...]
    answers: list[Any] | None = None
    calls: list[tuple[int, Any, dict[str, Any]]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    received: dict[int, Any] = field(default_factory=dict)
    pulls: Counter[int] = field(default_factory=Counter)
    back: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    tokens: dict[int, tuple[int, Any]] = field(default_factory=dict)
    loss_seen: bool = False

    def answer(
        self, i: int, layer: Any, params: Mapping[str, Any], x: Any, call: Callable[[], tuple[Any, Any]]
    ) -> tuple[Any, Any]:
        number = len(self.calls)
        self.calls.append((i, rebuild(x, _copied), {n: _copied(v) for n, v in leaves(params)}))
        if self.answers is None:
            y, cache = call()
        else:
            if number >= len(self.answers) or self.calls[number][0] != i:
                raise ContractError(
                    f"{self.labels[i]} is called where it was not called before", wrt=self.labels[i], check=_ID
                )
            y, cache = self.answers[number], None
        self.outputs.append(_copied(y))
        token = cache if isinstance(cache, np.ndarray) else _Token()
        self.tokens[id(token)] = number, token
        return y, token

    def pull(self, i: int, cache: Any, dy: Any) -> int:
        """Return the number of the call that a cache belongs to, and note what it is handed."""
        label = self.labels[i]
        number, _ = self.tokens.get(id(cache), (-1, None))
        if number < 0:
            raise ContractError(f"{label}.backward is handed a cache that is not of this forward", wrt=label, check=_ID)
        owner = self.calls[number][0]
        if owner != i:
            raise ContractError(f"{label}.backward is handed the cache of {self.labels[owner]}", wrt=label, check=_ID)
        due = np.shape(self.outputs[number])
        if np.shape(dy) != due:
            told = f"{label}.backward is handed a derivative of shape {np.shape(dy)} where its output has shape {due}"
            raise ContractError(told, wrt=label, check=_ID)
        self.pulls[number] += 1
        self.received[number] = self.received[number] + dy if number in self.received else _copied(dy)
        return number

    def exchanged(self) -> None:
        """Raise if of a layer that was called more than once one cache came back for another's.

        One call pulled back twice may be a sum of two cotangents; beside another that never was it is a mix-up.
        """
        for i, label in enumerate(self.labels):
            mine = [number for number, (j, _, _) in enumerate(self.calls) if j == i]
            left = [number for number in mine if not self.pulls[number]]
            if left and any(self.pulls[number] > 1 for number in mine):
                told = f"{label}.backward is handed the cache of one of its calls twice, and that of another never"
                raise ContractError(told, wrt=label, check=_ID)


class _Token:
    """A cache with nothing in it."""


class _Layer:
    """Stands in for a layer of the protocol."""

    def __init__(self, run: _Run, i: int, layer: Any) -> None:
        self.run, self.i, self.layer = run, i, layer

    def forward(self, params: Any, x: Any, **keywords: Any) -> tuple[Any, Any]:
        return self.run.answer(self.i, self.layer, params or {}, x, lambda: self.layer.forward(params, x, **keywords))

    def backward(self, params: Any, cache: Any, dy: Any) -> tuple[Any, Any]:
        number = self.run.pull(self.i, cache, dy)
        given = self.run.calls[number][2]
        told = dict(leaves(params or {}))
        if given.keys() != told.keys() or any(not np.array_equal(given[n], told[n]) for n in given):
            label = self.run.labels[self.i]
            raise ContractError(f"{label}.backward is handed other parameters than its forward", wrt=label, check=_ID)
        dx, grads = self.run.back[number]
        rest = iter([_copied(grads[n]) for n, _ in leaves(params or {})])
        return _copied(dx), rebuild(params or {}, lambda _: next(rest))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["layer"], name)


class _Pair:
    """Stands in for a layer of the notebook's form."""

    def __init__(self, run: _Run, i: int, layer: Any, own: Mapping[str, Any]) -> None:
        self.run, self.i, self.layer, self.names = run, i, layer, tuple(own)
        self.__dict__.update(own)

    def forward(self, x: Any) -> tuple[Any, Any]:
        own = {n: getattr(self, n) for n in self.names}
        y, token = self.run.answer(self.i, self.layer, own, x, lambda: self.layer.forward(x))
        return y, token

    def backward(self, x: Any, z: Any, dy: Any) -> tuple[Any, ...]:
        number = self.run.pull(self.i, z, dy)
        if not np.array_equal(x, self.run.calls[number][1]):
            label = self.run.labels[self.i]
            raise ContractError(f"{label}.backward is handed another X than its forward", wrt=label, check=_ID)
        dx, grads = self.run.back[number]
        return _copied(dx), *(_copied(grads[n]) for n in self.names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["layer"], name)


class Seen:
    """Stands in for a layer that runs as ever, and keeps the first input that it is given."""

    def __init__(self, layer: Any, i: int, seen: dict[int, Any], paired: bool) -> None:
        self.__dict__.update(layer=layer, i=i, seen=seen, paired=paired)

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        """Run the layer."""
        x = arguments[0] if self.paired else arguments[1] if len(arguments) > 1 else keywords["x"]
        self.seen.setdefault(self.i, rebuild(x, _copied))
        return self.layer.forward(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["layer"], name)


class _Loss:
    """Stands in for a loss."""

    def __init__(self, run: _Run, loss: Any) -> None:
        self.run, self.loss = run, loss
        self.y: Any = None
        self.y_hat: Any = None
        self.back: Any = None

    def __call__(self, y: Any, y_hat: Any) -> Any:
        return self.loss(y, y_hat)

    def grad(self, y: Any, y_hat: Any) -> Any:
        self.run.loss_seen = True
        if np.array_equal(y_hat, self.y_hat) and np.array_equal(y, self.y):
            return _copied(self.back)
        turned = np.array_equal(y, self.y_hat) and np.array_equal(y_hat, self.y)
        told = "(y_hat, y), the wrong way round" if turned else "other arrays than the truth and what forward returned"
        raise ContractError(f"loss.grad is handed {told}", wrt="loss", check=_ID)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["loss"], name)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else copy.copy(value)


def wiring(model: Any, access: Access, x: Any, y: Any, name: str, tolerance: float | None) -> Target | None:
    """Return the wiring of a model as a target, or None where the stand-ins cannot follow it.

    Args:
        model: with layers, loss, forward(x) and backward(y, y_hat).
        access: to its parameters and gradients.
        x: input.
        y: the truth.
        name: of the model.
        tolerance: relative gap that is of no interest.
    Returns:
        A target of role "boundary" whose inputs are the layers' outputs and the parameters.
    """

    def stood_in(run: _Run, flat: Sequence[Any]) -> tuple[Any, _Loss]:
        work = access.placed(flat) if run.answers is None else access.bare(flat)
        for i, part in enumerate(work.layers):
            own = {key: flat_value for (j, key), flat_value in access.spread(flat) if j == i}
            work.layers[i] = _Pair(run, i, part, own) if access.paired else _Layer(run, i, part)
        loss = work.loss = _Loss(run, work.loss)
        return work, loss

    try:
        first = _Run(access.labels)
        work, _ = stood_in(first, access.values)
        y_hat = work.forward(x)
    except Exception:  # a model that cannot run with stand-ins is checked end to end all the same
        return None
    if not all(isinstance(o, np.ndarray) for o in first.outputs) or not isinstance(y_hat, np.ndarray):
        return None
    outputs = list(first.outputs)
    split = len(outputs)

    def run_forward(flat: Sequence[Any]) -> tuple[_Run, Any, _Loss, dict[str, Any]]:
        run = _Run(access.labels, answers=[_copied(v) for v in flat[:split]])
        work, loss = stood_in(run, [_copied(v) for v in flat[split:]])
        loss.y, loss.y_hat = y, work.forward(_copied(x))
        return run, work, loss, _sinks(run, loss.y_hat)

    def forward(*flat: Any) -> Any:
        return run_forward(flat)[3]

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        def pullback(cotangent: Any) -> Mapping[str, Any]:
            run, work, loss, _ = run_forward(flat)
            run.back = [_returned(run, number, cotangent) for number in range(split)]
            loss.back = cotangent["loss.y_hat"]
            work.backward(y, loss.y_hat)
            run.exchanged()
            found = {n: run.received.get(k, np.zeros_like(outputs[k])) for k, n in enumerate(names[:split])}
            return found | {
                n: np.asarray(access.stored(work, *p)) for n, p in zip(names[split:], access.places, strict=True)
            }

        return forward(*flat), pullback

    try:
        names = _names(access, first, run_forward, [*outputs, *access.values])
        point = Point(names, (*outputs, *access.values))
        probe = rebuild(forward(*point.copies()), lambda leaf: np.zeros(np.shape(leaf)))
        seen = _Run(access.labels, answers=[_copied(v) for v in outputs])
        work, loss = stood_in(seen, access.values)
        loss.y, loss.y_hat = y, work.forward(_copied(x))
        seen.back = [_returned(seen, number, probe) for number in range(split)]
        loss.back = probe["loss.y_hat"]
        work.backward(y, loss.y_hat)
        if not seen.loss_seen:
            return None  # the model differentiates its loss itself: where that enters cannot be told
    except ContractError:
        pass  # the wiring's own fault, told when it is checked
    except Exception:  # it cannot be followed
        return None
    return Target(
        name=f"{name}/boundaries",
        point=point,
        forward=forward,
        linearize=linearize,
        wrt=tuple(n for n, v in zip(names, point.values, strict=True) if differentiable(v)),
        layer="wiring",
        role="boundary",
        source=source_of(model.backward),
        tolerance=tolerance,
    )


def _sinks(run: _Run, y_hat: Any) -> dict[str, Any]:
    """Return what the layers and the loss are given, by name: "2.1 Dense.x" is the input of the third call."""
    found: dict[str, Any] = {}
    for number, (i, given, params) in enumerate(run.calls):
        for n, leaf in leaves(given, "x"):
            found[f"{number}.{run.labels[i]}.{n}"] = leaf
        for n, leaf in params.items():
            found[f"{number}.{run.labels[i]}.{n}"] = leaf
    return found | {"loss.y_hat": _copied(y_hat)}


def _returned(run: _Run, number: int, cotangent: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    i, given, params = run.calls[number]
    head = f"{number}.{run.labels[i]}"
    parts = iter([cotangent[f"{head}.{n}"] for n, _ in leaves(given, "x")])
    integer = all(not differentiable(leaf) for _, leaf in leaves(given, "x"))
    dx = None if integer else rebuild(given, lambda _: next(parts))
    return dx, {n: cotangent[f"{head}.{n}"] for n in params}


def _names(
    access: Access, first: _Run, run_forward: Callable[[Sequence[Any]], Any], values: Sequence[Any]
) -> tuple[str, ...]:
    """Return "1 ReLU → 2 Dense" for each output, by who is given something else when it is moved."""
    found: list[str] = []
    base = run_forward(values)[3]
    rng = np.random.default_rng(0)
    for number, (i, _, _) in enumerate(first.calls):
        users = "?"
        if differentiable(values[number]):
            moved = list(values)
            moved[number] = values[number] * (1 + 0.01 * rng.uniform(-1, 1, values[number].shape)) + 1e-3
            users = _users(base, run_forward(moved)[3])
        name = f"{access.labels[i]} → {users or 'nothing'}"
        found.append(name if name not in found else f"{name} (call {number})")
    return (*found, *(f"{access.labels[i]}.{key}" for i, key in access.places))


def _users(base: Mapping[str, Any], moved: Mapping[str, Any]) -> str:
    changed = [n for n in base if not np.array_equal(base[n], moved[n])]
    labels = ["loss" if n == "loss.y_hat" else n.split(".")[1] for n in changed]
    return ", ".join(dict.fromkeys(labels))
