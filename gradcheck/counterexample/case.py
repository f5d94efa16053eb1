"""A case that may show a mistake: hyper-parameters, inputs, cotangent; and its variants of other sizes and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.counterexample.objects import integers, with_integer
from gradcheck.recipe import Recipe, flat, nested
from gradcheck.target import Target
from gradcheck.tree import leaves

__all__ = ["Case", "Slot", "integers_of", "resized", "slots"]


@dataclass(frozen=True)
class Case:
    """One candidate.

    Args:
        things: as in `Recipe.things`, with hyper-parameters changed.
        arguments: as in `Recipe.arguments`.
        cotangent: of the outputs; None for one drawn from the target's name.
    """

    things: Mapping[str, Any]
    arguments: tuple[Any, ...]
    cotangent: Any = None

    def target(self, like: Target) -> Target:
        """Return the target of this case, which the recipe of another makes."""
        assert like.recipe is not None
        made = like.recipe.make(self.things, self.arguments)
        return replace(made, name=like.name, layer=like.layer)


@dataclass(frozen=True)
class Slot:
    """A size that may be lowered.

    Args:
        path: of a hyper-parameter, ("layer", "n_in"); or (position among the leaves of the arguments, axis).
        size: what it is now, at least 2.
    """

    path: tuple[Any, ...]
    size: int


def slots(case: Case, recipe: Recipe) -> list[Slot]:
    """Return every size of a case that is above 1: of its objects, and axes that these do not determine."""
    things = case.things.items()
    found = [Slot((name, *path), size) for name, thing in things for path, size in integers(thing) if size > 1]
    free = len(list(leaves(case.arguments[0]))) if _initialised(case, recipe) else len(flat(case.arguments))
    for i, value in enumerate(flat(case.arguments)[:free]):
        found += [Slot((i, axis), size) for axis, size in enumerate(np.shape(value)) if size > 1]
    return found


def integers_of(thing: Any) -> dict[str, int]:
    """Return {dotted path: value} of the positive integers that an object was made with."""
    return {".".join(map(str, path)): value for path, value in integers(thing)}


def _initialised(case: Case, recipe: Recipe) -> bool:
    """Whether a layer makes its own parameters, so that their shapes follow from its hyper-parameters."""
    layer = case.things.get("layer")
    return recipe.kind == "layer" and callable(getattr(layer, "init", None)) and any(integers(layer))


def resized(case: Case, recipe: Recipe, sizes: Sequence[tuple[Slot, int]], draw: int) -> Case:
    """Return a case of other sizes.

    Args:
        case: the case that is changed.
        recipe: of its target.
        sizes: every slot with its new size.
        draw: 0 cuts the arrays; 1 draws short decimals in the range of each array; 2 has their signs turned. What
            shows at the sign or size of a number may not show in the corner that a cut leaves.
    Raises:
        Exception: whatever the user's classes raise at sizes that they refuse.
    """
    things = dict(case.things)
    values = flat(case.arguments)
    axes: dict[int, dict[int, int]] = {}
    for slot, size in sizes:
        first, *rest = slot.path
        if isinstance(first, int):
            axes.setdefault(first, {})[rest[0]] = size
        elif size != slot.size:
            things[first] = with_integer(things[first], rest, size)
    shapes = [tuple(axes.get(i, {}).get(a, s) for a, s in enumerate(np.shape(v))) for i, v in enumerate(values)]
    arguments = case.arguments
    if _initialised(case, recipe) and any(not isinstance(slot.path[0], int) for slot, _ in sizes):
        own = len(list(leaves(arguments[0])))
        params = things["layer"].init(np.random.default_rng(0))
        made = list(leaves(params))
        old = dict(leaves(arguments[1]))
        arguments = (arguments[0], params)
        shapes = shapes[:own] + [np.shape(value) for _, value in made]
        values = values[:own] + [old.get(name, value) for name, value in made]
    rng = np.random.default_rng(1)
    changed = [_filled(v, shape, draw, rng) for v, shape in zip(values, shapes, strict=True)]
    return Case(things, nested(arguments, changed))


def _filled(value: Any, shape: tuple[int, ...], draw: int, rng: np.random.Generator) -> Any:
    """Return an array of another shape in the range of an old one."""
    if not isinstance(value, np.ndarray):
        return value
    fits = value.ndim == len(shape) and all(n <= m for n, m in zip(shape, value.shape, strict=True))
    cut = value[tuple(slice(n) for n in shape)].copy() if fits else np.resize(value, shape)
    if draw == 0 or value.dtype.kind != "f":
        return cut if draw < 2 or value.dtype.kind not in "iu" else np.minimum(cut, 1).astype(value.dtype)
    low, high = float(value.min()), float(value.max())
    numbers = np.round(rng.uniform(0.5, 1.5, shape), 2)
    if low >= 0 and high <= 1:
        numbers = np.round(numbers / 2, 2)
        numbers = numbers if draw == 1 else 1 - numbers
    elif low < 0 < high:
        numbers = numbers * rng.choice([-1.0, 1.0], shape) * (1 if draw == 1 else -1)
    elif high <= 0:
        numbers = -numbers
    return numbers.astype(value.dtype)
