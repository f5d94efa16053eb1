"""jax.test_util.check_grads's signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradcheck import adapt
from gradcheck.audit import assert_agrees

__all__ = ["jax_check_grads"]


def jax_check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Return if every derivative up to an order was verified, as `jax.test_util.check_grads` does.

    Args:
        f: function of arrays or pytrees; custom_vjp, custom_jvp, jitted or plain.
        args: its inputs, a sequence.
        order: 1 for the first derivative, 2 for the gradient's own derivatives too, and so on.
        modes: "fwd", "rev" or both, each measured; both are also checked against each other.
        atol: taken and not used: JAX multiplies it by the size of the array.
        rtol: relative gap that is of no interest; None for none.
        eps: taken and not used: the step follows from the function's own rounding.
    Raises:
        GradientMismatch: an AssertionError, as JAX raises; its `report` has everything.
        InputError: order, modes or an input cannot be checked.
    """
    assert_agrees(
        adapt.jax(f, *args, order=order, modes=(modes,) if isinstance(modes, str) else tuple(modes)), tolerance=rtol
    )
