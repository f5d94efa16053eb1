"""The catalogue of mistakes that `gradcheck selftest` plants: each spoils the pullback of a right target.

A fault is linear in the cotangent wherever the mistake it stands for is, so that it is found by measuring and not by
an identity that it breaks on the side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.point import Array, differentiable
from gradcheck.target import Pullback, Target
from gradcheck.tree import rebuild

__all__ = ["FAULTS", "Fault", "Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault is planted.

    Args:
        block: name of the input whose gradient is spoiled.
        x: its value.
        reference: a right gradient of it, from which a typical entry or row is chosen once for all calls.
        size: relative size of the fault, where it has one.
    """

    block: str
    x: Array
    reference: Array
    size: float = 1.0

    @property
    def typical(self) -> int:
        """Flat index of the entry of median magnitude."""
        return int(np.argsort(np.abs(self.reference), axis=None)[self.reference.size // 2])


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of mistake.

    Args:
        id: a few words, unique.
        spoil: (target, place) -> the target with the mistake, or None where it cannot be made there.
        sized: whether `Place.size` says how large it is; the smallest size caught is looked for.
        form: breaks the form of the answer or its repetition, not the numbers of a single call.
    """

    id: str
    spoil: Callable[[Target, Place], Target | None]
    sized: bool = False
    form: bool = False


_Change = Callable[[Array, Place], Any]


def _gradient(change: _Change) -> Callable[[Target, Place], Target]:
    """Return a way to spoil: the block's gradient g becomes change(g, place)."""

    def spoil(target: Target, place: Place) -> Target:
        def edit(answer: dict[str, Any], again: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
            g = np.array(answer[place.block])
            changed = change(g, place)
            answer[place.block] = changed.astype(g.dtype) if isinstance(changed, np.ndarray) else changed

        return _edited(target, edit)

    return spoil


_Edit = Callable[[dict[str, Any], Callable[[Any], Mapping[str, Any]], Any], None]


def _edited(target: Target, edit: _Edit) -> Target:
    """Return a target whose pullback's answer is edited: edit(answer, the right pullback, cotangent)."""

    def linearize(*inputs: Any) -> tuple[Any, Pullback]:
        outputs, pullback = target.linearize(*inputs)

        def spoiled(u: Any) -> Mapping[str, Any]:
            answer = dict(pullback(u))
            edit(answer, pullback, u)
            return answer

        return outputs, spoiled

    return replace(target, linearize=linearize)


def _one_entry(g: Array, place: Place) -> Array:
    g.flat[place.typical] *= 1 + place.size
    return g


def _one_row(g: Array, place: Place) -> Array:
    if g.ndim:
        row = np.unravel_index(place.typical, g.shape)[0]
        g[row] *= 1 + place.size
    return g


def _alternating(g: Array, place: Place) -> Array:
    signs = (-1.0) ** np.arange(g.size).reshape(g.shape)
    return np.asarray(g * (1 + place.size * signs))


def _transposed(g: Array, place: Place) -> Array:
    return g.T.reshape(g.shape).copy()


def _by_samples(g: Array, place: Place) -> Array:
    return g / max(2, place.x.shape[0] if place.x.ndim else 2)


def _first_sample(target: Target, place: Place) -> Target:
    """Only the first row of the outputs counts: a sum over the batch, or over anything, is missing."""

    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        answer[place.block] = np.array(right(rebuild(u, _first_row))[place.block])

    return _edited(target, edit)


def _first_row(leaf: Any) -> Any:
    if not isinstance(leaf, np.ndarray) or not leaf.ndim:
        return leaf
    kept = np.zeros_like(leaf)
    kept[:1] = leaf[:1]
    return kept


def _cotangent_ignored(target: Target, place: Place) -> Target:
    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        answer[place.block] = np.array(right(rebuild(u, _one))[place.block])

    return _edited(target, edit)


def _one(leaf: Any) -> Any:
    if isinstance(leaf, (np.ndarray, np.generic)):
        return np.ones_like(leaf)[()]
    return None if leaf is None else type(leaf)(1)


def _stale(target: Target, place: Place) -> Target:
    """The gradient of the call before, whatever it was called with."""
    kept: list[Array] = []

    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        kept.append(np.array(answer[place.block]))
        answer[place.block] = kept[-2] if len(kept) > 1 else kept[-1]

    return _edited(target, edit)


def _accumulated(target: Target, place: Place) -> Target:
    total: list[Array] = []

    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        total.append(np.array(answer[place.block]))
        answer[place.block] = np.sum(total, axis=0).astype(total[0].dtype)

    return _edited(target, edit)


def _random(target: Target, place: Place) -> Target:
    rng = np.random.default_rng(0)

    def change(g: Array, place: Place) -> Array:
        return np.asarray(g * (rng.random(g.shape) < 0.5) * 2.0)

    return _gradient(change)(target, place)


def _aliased(target: Target, place: Place) -> Target:
    buffer = np.zeros_like(place.reference)

    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        buffer[...] = answer[place.block]
        answer[place.block] = buffer

    return _edited(target, edit)


def _writes_into_input(target: Target, place: Place) -> Target:
    position = target.point.names.index(place.block)

    def linearize(*inputs: Any) -> tuple[Any, Pullback]:
        outputs, pullback = target.linearize(*inputs)

        def spoiled(u: Any) -> Mapping[str, Any]:
            answer = pullback(u)
            inputs[position][...] *= 0.5
            return answer

        return outputs, spoiled

    return replace(target, linearize=linearize)


def _writes_into_cotangent(target: Target, place: Place) -> Target | None:
    outputs = target.forward(*target.point.copies())
    if not isinstance(outputs, np.ndarray):
        return None

    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        answer.update({name: None if g is None else np.array(g) for name, g in answer.items()})
        u[...] *= 0.5

    return _edited(target, edit)


def _zero_when_small(target: Target, place: Place) -> Target:
    """A function of values of 1e-9 whose gradient is given as zero: an absolute floor would let it pass."""

    def small(outputs: Any) -> Any:
        return rebuild(outputs, lambda leaf: _times(leaf, 1e-9))

    def linearize(*inputs: Any) -> tuple[Any, Pullback]:
        outputs, pullback = target.linearize(*inputs)

        def spoiled(u: Any) -> Mapping[str, Any]:
            answer = {name: None if g is None else _times(np.asarray(g), 1e-9) for name, g in pullback(u).items()}
            return {**answer, place.block: np.zeros_like(place.reference)}

        return small(outputs), spoiled

    return replace(target, forward=lambda *inputs: small(target.forward(*inputs)), linearize=linearize)


def _times(leaf: Any, factor: float) -> Any:
    if isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic):
        return leaf * factor
    return leaf * np.asarray(factor, leaf.dtype) if differentiable(leaf) else leaf


def _swapped(target: Target, place: Place) -> Target | None:
    """The gradients of two inputs of one shape and dtype, each in the other's place."""
    like = [n for n in target.point.blocks if n != place.block and target.point[n].shape == place.x.shape]
    if not like or (target.wrt is not None and like[0] not in target.wrt):
        return None

    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        answer[place.block], answer[like[0]] = answer[like[0]], answer[place.block]

    return _edited(target, edit)


def _clipped(g: Array, place: Place) -> Array:
    limit = 0.5 * float(np.linalg.norm(place.reference.ravel()))
    norm = float(np.linalg.norm(g.ravel()))
    return g * (limit / norm) if norm > limit > 0 else g


def _float32_inside(g: Array, place: Place) -> Array:
    return g.astype(np.complex64 if g.dtype.kind == "c" else np.float32)


def _other_dtype(target: Target, place: Place) -> Target:
    other = np.float32 if place.x.dtype == np.float64 else np.float64

    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        answer[place.block] = np.asarray(answer[place.block]).astype(other)

    return _edited(target, edit)


def _raises(target: Target, place: Place) -> Target:
    def edit(answer: dict[str, Any], right: Callable[[Any], Mapping[str, Any]], u: Any) -> None:
        raise NotImplementedError("planted: this backward is not written yet")

    return _edited(target, edit)


def _not_a_number(g: Array, place: Place) -> Array:
    g.flat[place.typical] = np.nan
    return g


FAULTS: tuple[Fault, ...] = (
    Fault("a factor on a block", _gradient(lambda g, place: g * (1 + place.size)), sized=True),
    Fault("one entry", _gradient(_one_entry), sized=True),
    Fault("one row", _gradient(_one_row), sized=True),
    Fault("alternating signs of error", _gradient(_alternating), sized=True),
    Fault("twice", _gradient(lambda g, place: 2 * g)),
    Fault("the sign turned", _gradient(lambda g, place: -g)),
    Fault("zero", _gradient(lambda g, place: 0 * g)),
    Fault("zero when small", _zero_when_small),
    Fault("transposed", _gradient(_transposed)),
    Fault("an axis reversed", _gradient(lambda g, place: np.flip(g, 0) if g.ndim else g)),
    Fault("off by one", _gradient(lambda g, place: np.roll(g, 1, -1) if g.ndim else g)),
    Fault("two gradients swapped", _swapped),
    Fault("a mean for a sum", _gradient(_by_samples)),
    Fault("a missing sum", _first_sample),
    Fault("masked where the input is negative", _gradient(lambda g, place: g * (place.x >= 0))),
    Fault("absolute value", _gradient(lambda g, place: np.abs(g))),
    Fault("clipped", _gradient(_clipped)),
    Fault("a regulariser added", _gradient(lambda g, place: g + 1e-3 * place.x)),
    Fault("cotangent ignored", _cotangent_ignored),
    Fault("float32 inside", _gradient(_float32_inside)),
    Fault("the call before", _stale, form=True),
    Fault("accumulated over calls", _accumulated, form=True),
    Fault("a mask drawn anew", _random, form=True),
    Fault("an internal buffer", _aliased, form=True),
    Fault("writes into its input", _writes_into_input, form=True),
    Fault("writes into the cotangent", _writes_into_cotangent, form=True),
    Fault("None", _gradient(lambda g, place: None), form=True),
    Fault("NaN", _gradient(_not_a_number), form=True),
    Fault("another shape", _gradient(lambda g, place: g[None]), form=True),
    Fault("another dtype", _other_dtype, form=True),
    Fault("raises", _raises, form=True),
)
