"""Functions with a hand-written vector-Jacobian product, in the three forms in which they are written."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapt.claimed import claimed_names
from gradcheck.errors import ContractError, InputError
from gradcheck.point import Point, validated
from gradcheck.recipe import Recipe
from gradcheck.target import Pullback, Target, source_of
from gradcheck.tree import is_container, leaves, rebuild

__all__ = ["closure", "gradient", "name_of", "names_for", "vjp"]


def vjp(
    forward: Callable[..., Any],
    vjp: Callable[[tuple[Any, ...], Any], Any],
    *inputs: Any,
    names: Sequence[str] | None = None,
    name: str | None = None,
    wrt: Sequence[str] | None = None,
    batch: int | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that vjp(inputs, cotangent) pulls the cotangent back through forward(*inputs).

    Args:
        forward: (*inputs) -> array, number, or a nest (tuple, list, dict) of them.
        vjp: (inputs, cotangent) -> one gradient an input, each in its input's own structure; None says
            "not differentiable". For one input the bare gradient will do.
        inputs: arrays, nests of arrays, or constants. Integers and booleans are constants.
        names: one an input; taken from forward's signature where it tells them. Entries of a nest are
            called "params.W".
        name: of the target; taken from forward where it has one.
        wrt: inputs whose gradients are claimed, None for all. Leave out what the vjp answers None for although it
            moves the outputs; labels, masks and flags may have None all the same.
        batch: declares that samples along this axis of the first input and of the outputs are independent.
        tolerance: relative gap that is of no interest.
    Returns:
        The target. For complex inputs the gradient of φ = Re Σ ū y is ∂φ/∂Re x + i ∂φ/∂Im x.
    Raises:
        InputError: an input is empty, NaN, of objects, or none is floating-point; wrt names what is no input.

    Example:
        >>> x, W = np.ones((2, 3)), np.ones((3, 5))
        >>> target = vjp(lambda x, W: x @ W, lambda inputs, u: (u @ inputs[1].T, inputs[0].T @ u), x, W)
        >>> target.point.names
        ('x', 'W')
    """
    labels = names_for(forward, inputs, names)
    name = name or name_of(forward)
    flat_names, flat_values, nests = [], [], []
    for label, value in zip(labels, inputs, strict=True):
        own = list(leaves(value, label))
        nests.append(len(own))
        flat_names += [n for n, _ in own]
        flat_values += [validated(n, v) for n, v in own]
    point = Point(tuple(flat_names), tuple(flat_values))

    bare = not any(is_container(value) for value in inputs)

    def nested(flat: Sequence[Any]) -> tuple[Any, ...]:
        if bare:
            return tuple(flat)
        rest = iter(flat)
        return tuple(rebuild(value, lambda _: next(rest)) if is_container(value) else next(rest) for value in inputs)

    def plain(*flat: Any) -> Any:
        return forward(*nested(flat))

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        arguments = nested(flat)

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            answer = vjp(arguments, cotangent)
            if bare and isinstance(answer, tuple) and len(answer) == len(labels):
                return dict(zip(labels, answer, strict=True))
            return _by_name(answer, labels, inputs)

        return forward(*arguments), pullback

    again = partial(_vjp_again, names=labels, name=name, wrt=wrt, batch=batch, tolerance=tolerance)
    return Target(
        name=name,
        point=point,
        forward=forward if bare else plain,
        linearize=linearize,
        wrt=claimed_names(wrt, flat_names),
        source=source_of(vjp),
        subject=forward,
        batch=batch,
        tolerance=tolerance,
        recipe=Recipe("vjp", {"forward": forward, "vjp": vjp}, labels, inputs, again),
    )


def _vjp_again(things: Mapping[str, Any], arguments: Sequence[Any], **told: Any) -> Target:
    return vjp(things["forward"], things["vjp"], *arguments, **told)


def _by_name(answer: Any, labels: Sequence[str], inputs: Sequence[Any]) -> dict[str, Any]:
    """Pair a vjp's answer with the inputs; what it answers for no input is kept for `contract.keys` to tell."""
    surplus: dict[str, Any] = {}
    named = len(inputs) > 1 and isinstance(answer, Mapping) and set(labels) <= set(answer)
    if named or (isinstance(answer, Mapping) and not isinstance(inputs[0], Mapping)):
        surplus = {str(key): gradient for key, gradient in answer.items() if key not in labels}
        missing = [label for label in labels if label not in answer]
        if missing:
            raise ContractError(
                f"vjp returned no gradient for {', '.join(missing)}", wrt=missing[0], check="contract.keys"
            )
        answer = [answer[label] for label in labels]
    elif _bare(answer, inputs):
        if len(inputs) != 1:
            raise ContractError(
                f"Expected vjp to return a tuple of {len(inputs)} gradients but got {type(answer).__name__}",
                check="contract.keys",
            )
        answer = (answer,)
    if len(answer) != len(inputs):
        raise ContractError(
            f"Expected vjp to return one gradient an input, {len(inputs)}, but got {len(answer)}", check="contract.keys"
        )
    found: dict[str, Any] = {}
    for label, value, gradient in zip(labels, inputs, answer, strict=True):
        if not is_container(value):
            found[label] = gradient
        elif gradient is None:
            found.update({n: None for n, _ in leaves(value, label)})
        elif isinstance(gradient, (np.ndarray, np.generic)):
            raise ContractError(
                f"Expected a {type(value).__name__} of gradients for {label}, as it was given, but got an array of "
                f"shape {gradient.shape}; give np.asarray({label}) if it is one array",
                wrt=next(leaves(value, label))[0],
                check="contract.keys",
            )
        else:
            found.update(leaves(gradient, label))
    return found | surplus


def _bare(answer: Any, inputs: Sequence[Any]) -> bool:
    """Whether an answer is the gradient of the only input itself, and no tuple of one gradient an input."""
    if not isinstance(answer, (tuple, list)):
        return True
    own = inputs[0]
    several = len(inputs) == 1 and isinstance(own, (tuple, list)) and is_container(own) and len(answer) == len(own)
    return several and not (len(own) == 1 and is_container(answer[0]) and not is_container(own[0]))


def gradient(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    *inputs: Any,
    names: Sequence[str] | None = None,
    name: str | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that grad(*inputs) is the gradient of the scalar f(*inputs).

    Args:
        f: (*inputs) -> number.
        grad: (*inputs) -> array of the input's shape, or a nest of its structure; a tuple of them for several inputs.
        inputs: floating-point arrays, or nests of them.
        names: one an input.
        name: of the target.
        tolerance: relative gap that is of no interest.
    Raises:
        InputError: an input is not floating-point, or f is not scalar.

    Example:
        >>> target = gradient(lambda x: float(x @ x), lambda x: 2 * x, np.array([1.0, -2.0, 0.5]))
        >>> target.point.names
        ('x',)
    """
    labels = names_for(f, inputs, names)
    if len(inputs) == 1 and not is_container(inputs[0]):
        validated(labels[0], inputs[0], must_differentiate=True)
        shape = np.shape(f(np.array(inputs[0])))
        if shape and int(np.prod(shape)) != 1:
            raise InputError(f"Expected {name_of(f)} to return one number but got shape {shape}; use adapt.vjp")

    def pull(arguments: tuple[Any, ...], u: Any) -> Any:
        answer = grad(*arguments)
        if len(inputs) > 1 or is_container(inputs[0]):
            return rebuild(answer, lambda g: None if g is None else u * np.asarray(g))
        if isinstance(answer, tuple) and len(answer) != 1:
            raise ContractError(
                f"Expected one gradient from {name_of(grad)} but got a tuple of {len(answer)}: return it alone",
                wrt=labels[0],
                check="contract.keys",
            )
        only = answer[0] if isinstance(answer, tuple) else answer
        return (None if only is None else u * np.asarray(only),)

    def scalar(*arguments: Any) -> Any:
        value = f(*arguments)
        if np.ndim(value) and np.size(value) != 1:
            raise InputError(
                f"Expected {name_of(f)} to return one number but got shape {np.shape(value)}; use adapt.vjp"
            )
        return value if np.ndim(value) == 0 else np.asarray(value).reshape(())[()]

    target = vjp(scalar, pull, *inputs, names=labels, name=name or name_of(f), tolerance=tolerance)
    again = partial(_gradient_again, names=labels, name=name, tolerance=tolerance)
    recipe = Recipe("gradient", {"f": f, "grad": grad}, labels, inputs, again)
    return _with(target, source=source_of(grad), subject=f, recipe=recipe)


def _gradient_again(things: Mapping[str, Any], arguments: Sequence[Any], **told: Any) -> Target:
    return gradient(things["f"], things["grad"], *arguments, **told)


def closure(
    f: Callable[..., tuple[Any, Callable[[Any], Any]]],
    *inputs: Any,
    names: Sequence[str] | None = None,
    name: str | None = None,
    wrt: Sequence[str] | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that f(*inputs) -> (y, pullback) differentiates itself.

    Args:
        f: (*inputs) -> (outputs, pullback); pullback(cotangent) -> one gradient an input.
        inputs: arrays, nests of arrays, or constants.
        names: one an input.
        name: of the target.
        wrt: inputs whose gradients are claimed.
        tolerance: relative gap that is of no interest.

    Example:
        >>> def tanh(x):
        ...     y = np.tanh(x)
        ...     return y, lambda u: (u * (1 - y * y),)
        >>> closure(tanh, np.array([0.1, -0.7])).name
        'tanh'
    """
    labels = names_for(f, inputs, names)

    def forward(*arguments: Any) -> Any:
        return f(*arguments)[0]

    base = vjp(
        forward, lambda _, __: None, *inputs, names=labels, name=name or name_of(f), wrt=wrt, tolerance=tolerance
    )

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        rest = iter(flat)
        arguments = [rebuild(v, lambda _: next(rest)) if is_container(v) else next(rest) for v in inputs]
        answer = f(*arguments)
        if not (isinstance(answer, tuple) and len(answer) == 2 and callable(answer[1])):
            raise ContractError(f"Expected {name_of(f)} to return (outputs, pullback) but got {type(answer).__name__}")
        outputs, pullback = answer
        return outputs, lambda cotangent: _by_name(pullback(cotangent), labels, inputs)

    again = partial(_closure_again, names=labels, name=name, wrt=wrt, tolerance=tolerance)
    recipe = Recipe("closure", {"f": f}, labels, inputs, again)
    return _with(base, linearize=linearize, source=source_of(f), subject=f, recipe=recipe)


def _closure_again(things: Mapping[str, Any], arguments: Sequence[Any], **told: Any) -> Target:
    return closure(things["f"], *arguments, **told)


def _with(target: Target, **changes: Any) -> Target:
    from dataclasses import replace

    return replace(target, **changes)


def name_of(function: object) -> str:
    """Return what a function or object is called; of a `functools.partial`, what its function is."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__name__
    return str(name).replace("<locals>.", "").rsplit(".", 1)[-1].replace("<lambda>", "function")


def names_for(function: Callable[..., Any], inputs: Sequence[Any], names: Sequence[str] | None) -> tuple[str, ...]:
    """Return one name an input: those given, those of the signature, or x0, x1, …"""
    if not inputs:
        raise InputError("Expected at least one input but got none: pass the point after the two functions")
    if names is not None:
        if isinstance(names, str):
            names = (names,)
        if len(names) != len(inputs):
            hint = "; a list is one input of several parts, a tuple holds several inputs" * isinstance(inputs[0], list)
            raise InputError(
                f"Expected one name an input but got {len(names)} names for {len(inputs)} inputs: {tuple(names)}" + hint
            )
        return tuple(names)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # built-in functions and ufuncs have no signature
        parameters = []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [p.name for p in parameters if p.kind in kinds]
    if len(found) >= len(inputs):
        return tuple(found[: len(inputs)])
    return ("x",) if len(inputs) == 1 else tuple(f"x{i}" for i in range(len(inputs)))
