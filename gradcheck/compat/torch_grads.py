"""torch.autograd.gradcheck's signature."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from gradcheck import adapt
from gradcheck.adapt.importing import library
from gradcheck.audit import check
from gradcheck.errors import GradientMismatch, InputError
from gradcheck.report import Report
from gradcheck.settings import EffortName

__all__ = ["torch_gradcheck", "torch_gradgradcheck"]


def torch_gradcheck(
    func: Any,
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    nondet_tol: float | None = None,
    check_undefined_grad: bool | None = None,
    check_grad_dtypes: bool | None = None,
    check_batched_grad: bool | None = None,
    check_batched_forward_grad: bool | None = None,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Return True if every gradient was verified, as `torch.autograd.gradcheck(func, inputs)` does.

    Args:
        func: function of tensors, autograd.Function.apply, or nn.Module (whose parameters are checked too).
        inputs: a tensor or a tuple; those with requires_grad are checked, all floating-point ones if none has it.
        eps: taken and not used: the step follows from the function's own rounding.
        atol: taken and not used: an absolute floor accepts gradients of zero.
        rtol: relative gap that is of no interest; None for none. torch's default of 1e-3 is not assumed.
        raise_exception: raise where something is wrong or inconclusive; else return False.
        nondet_tol: taken and not used: repeatability is always checked, exactly.
        check_undefined_grad: not checked; a warning says so where it is True.
        check_grad_dtypes: taken and not used: dtypes are always checked.
        check_batched_grad: not checked (gradients under vmap); a warning says so where it is True.
        check_batched_forward_grad: not checked either.
        check_forward_ad: check forward mode against reverse mode too.
        check_backward_ad: must be True.
        fast_mode: one random direction a block, no entries.
        masked: not checked (sparse inputs); a warning says so where it is True.
    Raises:
        GradientMismatch: also a torch.autograd.gradcheck.GradcheckError; its `report` has everything.
        InputError: backward mode is not to be checked, or an input cannot be.
    Warns:
        UserWarning: something is asked for that is not checked.
    """
    if not check_backward_ad:
        raise InputError(
            "Expected check_backward_ad=True but got False: forward mode is checked beside it, check_forward_ad=True"
        )
    _tell_unchecked(
        check_undefined_grad=check_undefined_grad,
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        masked=masked,
    )
    return _answer(func, inputs, 1, rtol, raise_exception, check_forward_ad, fast_mode)


def torch_gradgradcheck(
    func: Any,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float | None = None,
    check_undefined_grad: bool | None = None,
    check_grad_dtypes: bool | None = None,
    check_batched_grad: bool | None = None,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Return True if first and second derivatives were verified; arguments as for `torch_gradcheck`.

    Args:
        func: see `torch_gradcheck`, as for all that is not told here.
        inputs: a tensor or a tuple.
        grad_outputs: taken and not used: cotangents are drawn, and the derivative by them is checked too.
        eps: taken and not used.
        atol: taken and not used.
        rtol: relative gap that is of no interest.
        gen_non_contig_grad_outputs: taken and not used: such cotangents are always given.
        raise_exception: raise where something is wrong or inconclusive; else return False.
        nondet_tol: taken and not used.
        check_undefined_grad: not checked.
        check_grad_dtypes: taken and not used.
        check_batched_grad: not checked.
        check_fwd_over_rev: not checked; a warning says so where it is True.
        check_rev_over_rev: must be True.
        fast_mode: one random direction a block, no entries.
        masked: not checked.
    Raises:
        GradientMismatch: also torch's GradcheckError.
        InputError: reverse over reverse mode is not to be checked, or there is no second derivative.
    Warns:
        UserWarning: something is asked for that is not checked.
    """
    if not check_rev_over_rev:
        raise InputError("Expected check_rev_over_rev=True but got False: the second derivative is taken that way here")
    _tell_unchecked(
        check_undefined_grad=check_undefined_grad,
        check_batched_grad=check_batched_grad,
        check_fwd_over_rev=check_fwd_over_rev,
        masked=masked,
    )
    return _answer(func, inputs, 2, rtol, raise_exception, False, fast_mode)


def _tell_unchecked(**asked: bool | None) -> None:
    """Warn of what was asked for and is not looked at: silence would pass for an agreement."""
    names = [name for name, value in asked.items() if value]
    if names:
        message = f"not checked: {', '.join(names)}; torch.autograd.gradcheck looks at that"
        warnings.warn(message, UserWarning, stacklevel=3)


def _answer(
    func: Any, inputs: Any, order: int, rtol: float | None, raise_exception: bool, forward: bool, fast_mode: bool
) -> bool:
    torch = library("torch", "torch")
    given: Sequence[Any] = (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)
    targets = adapt.torch(func, *given, order=order, forward_mode=forward or None)
    effort: EffortName = "quick" if fast_mode else "standard"
    report = check(targets, effort=effort, tolerance=rtol)
    if report.ok:
        return True
    if raise_exception:
        raise _mismatch(report)
    return False


def _mismatch(report: Report) -> GradientMismatch:
    """Return our exception as one that a handler of torch's catches too."""
    theirs = library("torch.autograd.gradcheck", "torch").GradcheckError  # the function of that name hides the module
    both = type("TorchGradientMismatch", (GradientMismatch, theirs), {"__doc__": "Ours, and torch's GradcheckError."})
    worst = max(report.findings, key=lambda finding: finding.verdict.severity, default=None)
    made: GradientMismatch = both(str(report), report, worst)
    return made
