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
from gradcheck.target import Pullback, Target, source_of
from gradcheck.tree import leaves

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
        jvp: (inputs, tangents) -> tangent of the outputs, in their structure; one tangent an input, of its shape.
        inputs: arrays; integers get a tangent of zeros.
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
    if vjp is not None:
        target = adapt_vjp(forward, vjp, *inputs, names=labels, name=name, tolerance=tolerance)
        return replace(target, jvp=jvp, source=source_of(jvp))
    values = [validated(label, value) for label, value in zip(labels, inputs, strict=True)]
    moving = [isinstance(v, np.ndarray) and v.dtype.kind in "fc" for v in values]
    total = sum(v.size for v, moves in zip(values, moving, strict=True) if moves)
    if total > _COLUMNS:
        raise InputError(
            f"Expected at most {_COLUMNS} entries in the inputs of a jvp but got {total}: each takes a product of its "
            'own; give a smaller point, or the reverse mode too: vjp=..., or modes=("fwd", "rev") of JAX'
        )

    def pull(arguments: tuple[Any, ...], cotangent: Any) -> tuple[Any, ...]:
        flat = [np.asarray(u) for _, u in leaves(cotangent) if u is not None]

        def slope(position: int, index: tuple[int, ...]) -> Any:
            tangents = [
                np.zeros(np.shape(a), dtype=a.dtype if m else float) for a, m in zip(arguments, moving, strict=True)
            ]
            units = (1.0, 1j) if tangents[position].dtype.kind == "c" else (1.0,)
            found = []
            for unit in units:
                tangents[position][index] = unit
                pushed = [np.asarray(t) for _, t in leaves(jvp(arguments, tuple(tangents)))]
                if [t.shape for t in pushed] != [u.shape for u in flat]:
                    raise ContractError(
                        f"Expected jvp to return a tangent of shape {flat[0].shape} but got {pushed[0].shape}",
                        wrt=labels[position],
                    )
                found.append(sum(float(np.vdot(u, t).real) for u, t in zip(flat, pushed, strict=True)))
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
        return tuple(answers)

    target = adapt_vjp(forward, pull, *inputs, names=labels, name=name, tolerance=tolerance)
    return replace(target, jvp=jvp, source=source_of(jvp))  # whether its columns are all of it is asked as well


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
        jac: (*inputs) -> array of shape y.shape + x.shape; a tuple of them for several inputs.
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
        blocks = answer if isinstance(answer, (tuple, list)) and len(inputs) > 1 else (answer,)
        if len(blocks) != len(arguments):
            raise ContractError(f"Expected one Jacobian an input, {len(arguments)}, but got {len(blocks)}")

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            u, found = np.asarray(cotangent), {}
            for label, x, block in zip(labels, arguments, blocks, strict=True):
                J, due = np.asarray(block), np.shape(y) + np.shape(x)
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
        x: floating-point array.
        name: of the target.
        tolerance: relative gap that is of no interest.

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
    got = np.shape(grad(value.copy()))
    if got != value.shape:
        raise InputError(
            f"Expected the gradient as the first function, x -> array of shape {value.shape}, but it returned "
            f"shape {got}; "
            "a Hessian is measured from the gradient, which adapt.gradient(f, grad, x) checks"
        )
