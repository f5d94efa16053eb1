"""Derivatives that are not pullbacks: Jacobian-vector products, whole Jacobians, Hessians and their products."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.adapt.vjp import name_of, names_for
from gradcheck.adapt.vjp import vjp as adapt_vjp
from gradcheck.errors import ContractError, InputError
from gradcheck.point import validated
from gradcheck.recipe import flat, nested
from gradcheck.target import Pullback, Target, source_of
from gradcheck.tree import is_container, leaves

__all__ = ["hessian", "hvp", "jacobian", "jvp"]

_COLUMNS = 512  # inputs of more entries are claimed along random directions instead of entry by entry


def jvp(
    forward: Callable[..., Any],
    jvp: Callable[[tuple[Any, ...], tuple[Any, ...]], Any],
    *inputs: Any,
    names: Sequence[str] | None = None,
    name: str | None = None,
    vjp: Callable[[tuple[Any, ...], Any], Any] | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that jvp(inputs, tangents) is the derivative of forward(*inputs) along the tangents.

    Args:
        forward: (*inputs) -> array, number, or a nest of them.
        jvp: (inputs, tangents) -> tangent of the outputs, in their structure; one tangent an input, in its structure.
        inputs: arrays, or nests of them; integers get a tangent of zeros.
        names: one an input.
        name: of the target.
        vjp: (inputs, cotangent) -> gradients, where the reverse mode exists too; it is then checked as well, and
            the two against each other (adjoint.dot).
        tolerance: relative gap that is of no interest.
    Returns:
        The target. Its gradients are ⟨u, J eᵢ⟩, from one jvp an entry: up to 512 entries in all.
    Raises:
        InputError: the inputs have more entries, or cannot be differentiated.

    Example:
        >>> target = jvp(np.sin, lambda inputs, tangents: np.cos(inputs[0]) * tangents[0], np.array([0.3, -1.1, 2.0]))
        >>> target.point.names
        ('x',)
    """
    labels = names_for(forward, inputs, names)

    def pushed(flat_values: tuple[Any, ...], flat_tangents: tuple[Any, ...]) -> Any:
        return jvp(nested(inputs, flat_values), nested(inputs, flat_tangents))

    whole = any(map(is_container, inputs))
    own = pushed if whole else jvp
    if vjp is not None:
        target = adapt_vjp(forward, vjp, *inputs, names=labels, name=name, tolerance=tolerance)
        return replace(target, jvp=own, source=source_of(jvp))
    parts = [part for label, value in zip(labels, inputs, strict=True) for part in leaves(value, label)]
    flat_labels = [label for label, _ in parts]
    values = [validated(label, value) for label, value in parts]
    moving = [isinstance(v, np.ndarray) and v.dtype.kind in "fc" for v in values]
    total = sum(v.size for v, moves in zip(values, moving, strict=True) if moves)
    if total > _COLUMNS:
        raise InputError(
            f"Expected at most {_COLUMNS} entries in the inputs of a jvp but got {total}: each takes a product of its "
            'own; give a smaller point, or the reverse mode too: vjp=..., or modes=("fwd", "rev") of JAX'
        )

    def pull(given: tuple[Any, ...], cotangent: Any) -> tuple[Any, ...]:
        arguments = tuple(flat(given)) if whole else given
        us = {key: np.asarray(u) for key, u in leaves(cotangent) if u is not None}

        def slope(position: int, index: tuple[int, ...]) -> Any:
            tangents = [
                np.zeros(np.shape(a), dtype=a.dtype if m else float) for a, m in zip(arguments, moving, strict=True)
            ]
            units = (1.0, 1j) if tangents[position].dtype.kind == "c" else (1.0,)
            found = []
            for unit in units:
                tangents[position][index] = unit
                answer = own(arguments, tuple(tangents))
                told = {"": np.asarray(answer)} if set(us) == {""} else {k: np.asarray(t) for k, t in leaves(answer)}
                if {key: t.shape for key, t in told.items()} != {key: u.shape for key, u in us.items()}:
                    due, got = (", ".join(f"{k or 'y'} {a.shape}" for k, a in each.items()) for each in (us, told))
                    raise ContractError(
                        f"Expected jvp to return a tangent in the structure of the outputs, {due}, but got {got}",
                        wrt=flat_labels[position],
                        check="adjoint.dot",
                    )
                found.append(sum(float(np.vdot(u, told[key]).real) for key, u in us.items()))
            return found[0] if len(found) == 1 else complex(*found)

        answers: list[Any] = []
        for position, (value, moves) in enumerate(zip(arguments, moving, strict=True)):
            if not moves:
                answers.append(None)
                continue
            claimed = np.zeros(np.shape(value), dtype=value.dtype)
            for index in np.ndindex(claimed.shape):
                claimed[index] = slope(position, index)
            answers.append(claimed)
        return nested(given, answers)

    target = adapt_vjp(forward, pull, *inputs, names=labels, name=name, tolerance=tolerance)
    return replace(target, jvp=own, source=source_of(jvp))  # whether its columns are all of it is asked as well


def jacobian(
    f: Callable[..., Any],
    jac: Callable[..., Any],
    *inputs: Any,
    names: Sequence[str] | None = None,
    name: str | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that jac(*inputs) is the Jacobian of f(*inputs).

    Args:
        f: (*inputs) -> array.
        jac: (*inputs) -> array of shape y.shape + x.shape, or a sparse matrix; a tuple of them for several inputs,
            None for one that is a constant.
        inputs: floating-point arrays.
        names: one an input.
        name: of the target.
        tolerance: relative gap that is of no interest.

    Example:
        >>> A = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
        >>> jacobian(lambda x: A @ x, lambda x: A, np.array([0.2, 0.4, -1.0]), name="A x").name
        'A x'
    """
    labels = names_for(f, inputs, names)
    for label, value in zip(labels, inputs, strict=True):
        validated(label, value, must_differentiate=len(inputs) == 1)

    def linearize(*arguments: Any) -> tuple[Any, Pullback]:
        y, answer = f(*arguments), jac(*arguments)
        if is_container(y):
            raise ContractError(
                f"Expected f to return one array but got {type(y).__name__}: a Jacobian is one block an input; "
                "use adapt.vjp for several outputs"
            )
        blocks = answer if isinstance(answer, (tuple, list)) and len(inputs) > 1 else (answer,)
        if len(blocks) != len(arguments):
            raise ContractError(f"Expected one Jacobian an input, {len(arguments)}, but got {len(blocks)}")

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            u, found = np.asarray(cotangent), dict.fromkeys(labels)
            for label, x, block in zip(labels, arguments, blocks, strict=True):
                if block is None:
                    continue
                J = np.asarray(block.toarray() if hasattr(block, "toarray") else block)  # a sparse matrix of scipy
                due = np.shape(y) + np.shape(x)
                if J.shape != due:
                    raise ContractError(
                        f"Expected the Jacobian for {label} to have shape {due}, outputs first, but got {J.shape}",
                        wrt=label,
                    )
                # ū J summed over outputs; the conjugates follow the convention of adapt.vjp
                g, real = np.tensordot(u, J.conj(), axes=u.ndim), np.asarray(x).dtype.kind != "c"
                if not (real and J.dtype.kind == "c" and u.dtype.kind != "c"):  # else left for contract.dtype to tell
                    g = (g.real if real else g).astype(np.asarray(x).dtype, copy=False)
                found[label] = g
            return found

        return y, pullback

    target = adapt_vjp(f, lambda _, __: None, *inputs, names=labels, name=name or name_of(f), tolerance=tolerance)
    return replace(target, linearize=linearize, source=source_of(jac))


def hessian(
    grad: Callable[[Any], Any],
    hess: Callable[[Any], Any],
    x: Any,
    *,
    name: str | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that hess(x) is the derivative of grad(x), and symmetric.

    Args:
        grad: x -> gradient, an array of x's shape. Check it first: adapt.gradient(f, grad, x).
        hess: x -> array of shape x.shape + x.shape.
        x: array of real floating-point numbers.
        name: of the target.
        tolerance: relative gap that is of no interest.
    Raises:
        InputError: x is complex, where a Hessian has several meanings, or grad does not return an array of its shape.

    Example:
        >>> hessian(lambda x: x**3, lambda x: np.diag(3 * x**2), np.array([0.5, -1.0, 2.0]), name="cubes").symmetric
        True
    """
    _check_gradient(grad, x)
    target = jacobian(grad, hess, x, names=("x",), name=name or name_of(hess), tolerance=tolerance)
    return replace(target, symmetric=True)


def hvp(
    grad: Callable[[Any], Any],
    hvp: Callable[[Any, Any], Any],
    x: Any,
    *,
    name: str | None = None,
    tolerance: float | None = None,
) -> Target:
    """Claim that hvp(x, v) is the derivative of grad along v, for every v, and symmetric.

    Args:
        grad: x -> gradient, an array of x's shape.
        hvp: (x, v) -> array of x's shape, the Hessian times v.
        x: floating-point array.
        name: of the target.
        tolerance: relative gap that is of no interest.
    Returns:
        The target. A Hessian is symmetric, so that its product is its own pullback, at any size of x.
    """
    _check_gradient(grad, x)

    def pull(arguments: tuple[Any, ...], cotangent: Any) -> tuple[Any, ...]:
        return (hvp(arguments[0], cotangent),)

    target = adapt_vjp(grad, pull, x, names=("x",), name=name or name_of(hvp), tolerance=tolerance)
    return replace(
        target, source=source_of(hvp), symmetric=True, jvp=lambda inputs, tangents: hvp(inputs[0], tangents[0])
    )


def _check_gradient(grad: Callable[[Any], Any], x: Any) -> None:
    value = validated("x", x, must_differentiate=True)
    if value.dtype.kind == "c":
        raise InputError(
            f"Expected real numbers for x but got dtype={value.dtype}: second derivatives of a complex input are not "
            "one matrix; claim the derivative of its gradient with adapt.jacobian, or part real from imaginary"
        )
    got = np.shape(grad(value.copy()))
    if got != value.shape:
        raise InputError(
            f"Expected the gradient as the first function, x -> array of shape {value.shape}, but it returned "
            f"shape {got}; "
            "a Hessian is measured from the gradient, which adapt.gradient(f, grad, x) checks"
        )
