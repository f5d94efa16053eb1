"""HIPS autograd and MyGrad: what their tapes make of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.adapt.importing import library
from gradcheck.adapt.vjp import closure, name_of, names_for
from gradcheck.target import Target, source_of
from gradcheck.tree import rebuild

__all__ = ["autograd", "mygrad"]


def autograd(
    f: Callable[..., Any],
    *inputs: Any,
    names: Sequence[str] | None = None,
    name: str | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim what HIPS autograd makes of a function, primitives with a `defvjp` of your own included.

    Args:
        f: (*inputs) -> array or number, of autograd.numpy operations.
        inputs: floating-point arrays; integers and flags are handed on.
        names: one an input; taken from the signature.
        name: of the target.
        tolerance: relative gap that is of no interest.
    Raises:
        TargetError: autograd is not installed.

    Example:
        >>> import autograd.numpy as anp
        >>> autograd(anp.sin, np.array([0.3, -1.2]), name="sin").name
        'sin'
    """
    core = library("autograd.core", "autograd")

    def claimed(*arguments: Any) -> tuple[Any, Callable[[Any], Any]]:
        moving = [i for i, a in enumerate(arguments) if isinstance(a, np.ndarray) and a.dtype.kind in "fc"]

        def partial(values: Any) -> Any:
            given = list(arguments)
            for i, value in zip(moving, values, strict=True):
                given[i] = value
            return f(*given)

        back, y = core.make_vjp(partial, tuple(arguments[i] for i in moving))

        def pullback(cotangent: Any) -> tuple[Any, ...]:
            # autograd transposes without conjugating: its gradients are the conjugates of ours
            found = dict(zip(moving, back(rebuild(cotangent, _conjugate)), strict=True))
            return tuple(np.conj(found[i]) if i in found else None for i in range(len(arguments)))

        return y, pullback

    inner = getattr(f, "fun", f)  # a primitive is known by its wrapper otherwise
    labels = names_for(inner, inputs, names)
    target = closure(claimed, *inputs, names=labels, name=name or name_of(inner), tolerance=tolerance)
    return replace(target, source=source_of(inner), subject=f)


def _conjugate(leaf: Any) -> Any:
    return None if leaf is None else np.conj(leaf)


def mygrad(
    f: Callable[..., Any],
    *inputs: Any,
    names: Sequence[str] | None = None,
    name: str | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim what MyGrad makes of a function of tensors; arguments as for `autograd`."""
    lib = library("mygrad", "mygrad")

    def claimed(*arguments: Any) -> tuple[Any, Callable[[Any], Any]]:
        def tracked(a: Any) -> Any:
            return lib.tensor(a.copy()) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a

        y = f(*[tracked(a) for a in arguments])

        def pullback(cotangent: Any) -> tuple[Any, ...]:
            tensors = [tracked(a) for a in arguments]  # its graph is used up by one backward
            f(*tensors).backward(np.asarray(cotangent))
            return tuple(t.grad if isinstance(t, lib.Tensor) else None for t in tensors)

        return np.array(y.data), pullback

    target = closure(claimed, *inputs, names=names_for(f, inputs, names), name=name or name_of(f), tolerance=tolerance)
    return replace(target, source=source_of(f), subject=f)
