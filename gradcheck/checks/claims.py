"""What a backward returned, by cotangent: copies, of which large ones are kept for one cotangent at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from gradcheck.errors import ContractError
from gradcheck.norms import norm
from gradcheck.pieces import is_large, pieces
from gradcheck.point import Array

__all__ = ["Claims", "Size", "viewed"]

_GONE = object()
_Pull = Callable[[int], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Size:
    """Of one gradient, also after it was let go.

    Args:
        shape: of the array.
        dtype: of the array.
        norm: ‖g‖₂.
        least: least |g|.
        faint: least |g| that is finite and not zero, inf where there is none.
        largest: greatest |g| that is finite.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    norm: float
    least: float
    faint: float
    largest: float

    @property
    def eps(self) -> float:
        """Spacing of its numbers; of whole ones, that of float64."""
        return float(np.finfo(self.dtype).eps) if self.dtype.kind in "fc" else 2.0**-52


def viewed(answer: Any) -> dict[str, Any]:
    """Return a pullback's answer as arrays, None kept: copies, but what is large as it is, to be looked at at once."""
    if not isinstance(answer, Mapping):
        raise ContractError(f"Expected a mapping of gradients but got {type(answer).__name__}")
    return {name: g if g is None or is_large(g) else _array(name, g) for name, g in answer.items()}


def _array(name: str, g: Any) -> Array:
    try:
        return np.array(g, order="K")
    except ValueError as error:
        raise ContractError(
            f"Expected an array for the gradient of {name} but got {type(g).__name__}: {error}",
            wrt=name,
            check="contract.shape",
        ) from error


class Claims:
    """Gradients by cotangent. One that is large is let go when those of another cotangent come, and asked for again.

    Three gradients of a million entries would be as much as three more models.

    Args:
        heavy: inputs whose gradients are to be large.

    `pull` below is number of a cotangent ↦ what the backward answers to it, not copied. It is handed in with each
    question: kept here, it would tie the trial to itself, and its arrays would wait for the garbage collector.
    """

    def __init__(self, heavy: Collection[str]) -> None:
        self._heavy = heavy
        self._kept: dict[int, dict[str, Any]] = {}
        self._sizes: dict[int, dict[str, Size]] = {}

    def all(self, number: int, pull: _Pull) -> Mapping[str, Any]:
        """Return {input: gradient} for a cotangent; whoever holds it holds its large ones."""
        kept = self._kept.get(number)
        if kept is None or any(value is _GONE for value in kept.values()):
            self.let_go()
            kept = self.keep(number, viewed(pull(number)))
        return kept

    def one(self, number: int, name: str, pull: _Pull) -> Any:
        """Return the gradient of one input, None where none was returned; a small one lets no large one go."""
        kept = self._kept.get(number)
        if kept is None and name not in self._heavy:
            kept = self.keep(number, viewed(pull(number)), large=False)
        value = _GONE if kept is None else kept.get(name)
        return self.all(number, pull).get(name) if value is _GONE else value

    def names(self, number: int, pull: _Pull) -> tuple[str, ...]:
        """Return what a backward answered for."""
        return tuple(self._kept[number] if number in self._kept else self.all(number, pull))

    def size(self, number: int, name: str, pull: _Pull) -> Size | None:
        """Return how large a gradient is, also after it was let go; None where none was returned."""
        if name not in self._sizes.get(number, {}):
            gradient = self.one(number, name, pull)
            if gradient is None:
                return None
            self._sizes.setdefault(number, {})[name] = _size(gradient)
        return self._sizes[number][name]

    def keep(self, number: int, answer: Mapping[str, Any], *, large: bool = True) -> dict[str, Any]:
        """Take what `viewed` made of an answer: of what is large a copy, or its size alone where that is not wanted."""
        kept: dict[str, Any] = {}
        for name, value in answer.items():
            if is_large(value):
                if name not in self._sizes.setdefault(number, {}):
                    self._sizes[number][name] = _size(value)
                kept[name] = np.array(value, order="C") if large else _GONE
            else:
                kept[name] = value
        self._kept[number] = kept
        return kept

    def let_go(self) -> None:
        """Keep no large gradient."""
        for number, kept in self._kept.items():
            self._kept[number] = {name: _GONE if is_large(value) else value for name, value in kept.items()}


def _size(gradient: Any) -> Size:
    least, faint, largest = inf, inf, 0.0
    for (part,) in pieces(gradient) if gradient.dtype.kind in "fciub" else ():
        sizes = np.abs(part if part.dtype.kind in "fc" else part.astype(np.float64))
        if not sizes.size:
            continue
        low, high = float(np.minimum.reduce(sizes, axis=None)), float(np.maximum.reduce(sizes, axis=None))
        least = min(least, low)
        if not 0 < low <= high < inf:
            sizes = sizes[(sizes != 0) & np.isfinite(sizes)]
            low, high = float(sizes.min(initial=inf)), float(sizes.max(initial=0.0))
        faint, largest = min(faint, low), max(largest, high)
    size = norm(gradient) if gradient.dtype.kind in "fciub" else 0.0
    return Size(gradient.shape, gradient.dtype, size, least, faint, largest)
