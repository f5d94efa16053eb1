"""A claim about derivatives: a forward, its pullback, and the point where both are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gradcheck.point import Point
from gradcheck.recipe import Recipe

__all__ = ["Pullback", "Role", "Target", "source_of"]

Pullback = Callable[[Any], Mapping[str, Any]]
Role = Literal["local", "boundary", "end_to_end"]


@dataclass(frozen=True)
class Target:
    """What an adapter makes of somebody's code, and all that the checks know of it.

    Args:
        name: unique among the targets of a report; every random number is drawn from it and the seed.
        point: the inputs.
        forward: (*inputs) -> array, number, or a nest of them.
        linearize: (*inputs) -> (outputs, pullback); pullback(cotangent) -> {input name: gradient or None}.
            The cotangent has the structure, shapes and dtypes of the outputs.
        wrt: names of the inputs whose gradients are claimed; None leaves it to the pullback, which
            answers None for what it does not differentiate.
        layer: label in its network, e.g. "0 Dense"; "" where there is none.
        owners: for inputs that belong to other layers (end to end), name -> (layer, quantity).
        role: "local", "boundary" or "end_to_end".
        source: (file, line) of the backward.
        subject: the object that was adapted, for the ledger of what has been audited.
        tolerance: relative gap that is of no interest at this target (a deliberate approximation).
        jvp: (inputs, tangents) -> tangent of the outputs, where a forward mode exists too.
        symmetric: the derivative is a Hessian.
        batch: axis of x and of the outputs along which samples are declared independent; None declares nothing.
        elementwise: outputs depend each on the input entry in its place, and the domain is the real line.
        spacing: of the numbers that the claim is computed in, where its arrays hold narrower ones than their dtype
            tells (bfloat16, which numpy does not know, in float32); None where the dtype tells it.
        keeps: what a forward leaves on its own object (running means, counters), known because every call is made on
            a fresh copy.
        used: (other inputs, inputs) -> what linearize answers on an object that was called at the other inputs before,
            where every call is made on a fresh copy; None where calls share what they keep anyway.
        autograd: "torch" or "jax" for a function of such a library, "" for others. Its pullbacks keep what they need,
            whatever is called between.
        recipe: how it was made, where it can be made again at another point; None where it cannot.
        asked: ids of the checks that are asked of it; None for all that apply.
        apart: whether other targets of its network are checked apart, so that one alone tells nothing of the whole.
    """

    name: str
    point: Point
    forward: Callable[..., Any]
    linearize: Callable[..., tuple[Any, Pullback]]
    wrt: tuple[str, ...] | None = None
    layer: str = ""
    owners: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    role: Role = "local"
    source: tuple[str, int] | None = None
    subject: object = None
    tolerance: float | None = None
    jvp: Callable[[tuple[Any, ...], tuple[Any, ...]], Any] | None = None
    symmetric: bool = False
    batch: int | None = None
    elementwise: bool = False
    spacing: float | None = None
    keeps: tuple[str, ...] = ()
    used: Callable[[Sequence[Any], Sequence[Any]], tuple[Any, Pullback]] | None = None
    autograd: str = ""
    recipe: Recipe | None = None
    asked: tuple[str, ...] | None = None
    apart: bool = False

    def owner(self, name: str) -> tuple[str, str]:
        """Return (layer, quantity) of an input."""
        return self.owners.get(name, (self.layer or self.name, name))


def source_of(function: object) -> tuple[str, int] | None:
    """Return (file, line) where a function or method was defined, or None."""
    function = getattr(function, "__func__", function)
    function = getattr(function, "__wrapped__", function)
    function = getattr(function, "func", function)  # functools.partial
    code = getattr(function, "__code__", None)
    if code is None and callable(function):
        code = getattr(type(function).__call__, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code is not None else None
