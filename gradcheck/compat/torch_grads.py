"""torch.autograd.gradcheck's signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcheck import adapt
from gradcheck.adapt.importing import library
from gradcheck.audit import check
from gradcheck.errors import GradientMismatch
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
        nondet_tol: taken and not used, like the following: repeatability, dtypes and layouts are always checked.
        check_undefined_grad: see nondet_tol.
        check_grad_dtypes: see nondet_tol.
        check_batched_grad: see nondet_tol.
        check_batched_forward_grad: see nondet_tol.
        check_forward_ad: check forward mode against reverse mode too.
        check_backward_ad: must be True.
        fast_mode: one random direction a block, no entries.
        masked: see nondet_tol.
    Raises:
        GradientMismatch: also a torch.autograd.gradcheck.GradcheckError; its `report` has everything.
    """
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
    """Return True if first and second derivatives were verified; arguments as for `torch_gradcheck`."""
    return _answer(func, inputs, 2, rtol, raise_exception, False, fast_mode)


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
