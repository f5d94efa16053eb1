"""How a target was made: what lets it be made again at another point or of other sizes, and be written out as code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gradcheck.tree import is_container, leaves, rebuild

if TYPE_CHECKING:
    from gradcheck.target import Target

__all__ = ["Kind", "Recipe", "flat", "nested"]

Kind = Literal["layer", "vjp", "gradient", "closure", "activation", "loss", "pair", "torch", "jax"]


@dataclass(frozen=True)
class Recipe:
    """An adapter's call, taken apart.

    Args:
        kind: name of the adapter.
        things: the user's own objects by the name of the argument, {"layer": Dense(3, 5)} or {"forward": f, "vjp": g}.
        labels: one an argument, e.g. ("x", "params"), ("y", "y_hat").
        arguments: arrays, nests of them or constants, in the order of the target's point.
        make: (things, arguments) -> the target that the adapter makes of them.
        seed: of a stochastic layer, or of torch's random numbers; None where there is none.
    """

    kind: Kind
    things: Mapping[str, Any]
    labels: tuple[str, ...]
    arguments: tuple[Any, ...]
    make: Callable[[Mapping[str, Any], Sequence[Any]], Target]
    seed: int | None = None


def flat(arguments: Sequence[Any]) -> list[Any]:
    """Return the leaves of all arguments, in the order of the target's point."""
    return [leaf for argument in arguments for _, leaf in leaves(argument)]


def nested(arguments: Sequence[Any], values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the arguments with their leaves replaced, in the order of `flat`."""
    rest = iter(values)
    return tuple(rebuild(a, lambda _: next(rest)) if is_container(a) else next(rest) for a in arguments)
