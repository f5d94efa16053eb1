"""Functions whose derivative stands beside them under a related name: affine_forward and affine_backward."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Twins", "forward_of", "twin_of"]

_FORMS = ("{}_backward", "backward_{}", "{}_bwd", "{}_backprop", "backprop_{}", "{}_vjp", "vjp_{}", "{}_pullback",
          "{}_grad", "grad_{}", "{}_gradient", "{}_derivative", "{}_deriv", "{}_prime", "d_{}", "d{}")  # fmt: skip
_WORDS = (("forward", "backward"), ("Forward", "Backward"), ("fwd", "bwd"), ("fprop", "bprop"))


@dataclass(frozen=True)
class Twins:
    """Two functions as an object with a forward and a backward."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]


def twin_of(function: Any) -> Callable[..., Any] | None:
    """Return the function beside this one that is called as its derivative is, or None.

    Looked for in the module of a function and among the methods of the object of a method.

    Example:
        >>> def cube(x): return x**3
        >>> def cube_grad(x): return 3 * x**2
        >>> twin_of(cube) is (cube_grad if "cube" in cube.__globals__ else None)
        True
    """
    name = getattr(function, "__name__", "")
    return next((found for n in _names(name) if (found := _beside(function, n)) is not None), None)


def forward_of(function: Any) -> Callable[..., Any] | None:
    """Return the forward beside a function that is called as a backward is, or None."""
    name = getattr(function, "__name__", "")
    for forward, backward in _WORDS:
        if backward in name:
            found = _beside(function, name.replace(backward, forward))
            if found is not None:
                return found
    stripped = (name.removesuffix("_backward"), name.removeprefix("backward_"), name.removeprefix("backprop_"))
    return next((found for n in stripped if n != name and (found := _beside(function, n)) is not None), None)


def _names(name: str) -> Iterator[str]:
    yield from (name.replace(forward, backward) for forward, backward in _WORDS if forward in name)
    yield from (form.format(name) for form in _FORMS)


def _beside(function: Any, name: str) -> Callable[..., Any] | None:
    owner = getattr(function, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        found = getattr(owner, name, None)
    else:
        found = getattr(function, "__globals__", {}).get(name)
    return found if inspect.isroutine(found) else None
