"""Everything that is checked of a target, listed once for all front ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.checks import adjoint, contract, gradient, memory, nones, points, pullback, structure, value
from gradcheck.checks.naming import naming
from gradcheck.checks.trial import Trial
from gradcheck.report import Finding
from gradcheck.target import Target

__all__ = ["Check", "all_checks", "checks_for"]


@dataclass(frozen=True, slots=True)
class Check:
    """One question about a target.

    Args:
        id: dotted, stable.
        run: asks it; yields one finding for the target, or one for each quantity.
        prepares: whether later checks rest on it: nothing can be measured where the forward is not finite, and
            arguments that are written into are handed out as copies. It is run before a later one that is asked alone.
        when: what is asked for that an ordinary call does not: to be told where the user's code raises.
    """

    id: str
    run: Callable[[Trial], Iterator[Finding]]
    prepares: bool = False
    when: str = ""

    @property
    def explanation(self) -> str:
        """What it asks and why."""
        return (self.run.__doc__ or "").strip()


_CHECKS = (
    Check("value.type", value.value_type, prepares=True),
    Check("value.finite", value.value_finite, prepares=True),
    Check("value.mutation", value.value_mutation, prepares=True),
    Check("value.repeatable", value.value_repeatable),
    Check("value.primal", value.value_primal),
    Check("contract.keys", contract.contract_keys),
    Check("contract.none", nones.contract_none),
    Check("contract.shape", contract.contract_shape),
    Check("contract.dtype", contract.contract_dtype),
    Check("contract.finite", contract.contract_finite),
    Check("contract.mutation", memory.contract_mutation, prepares=True),
    Check("contract.aliasing", memory.contract_aliasing, when="a pullback called a second time"),
    Check("contract.layout", memory.contract_layout, when="a cotangent that is not contiguous"),
    Check("pullback.repeatable", pullback.pullback_repeatable, when="a pullback called a second time"),
    Check("pullback.zero", pullback.pullback_zero, when="a cotangent of zeros"),
    Check("pullback.linear", naming(pullback.pullback_linear), when="a cotangent made very large or small"),
    Check("gradient", naming(gradient.gradient), when="steps from the point, or a point beside it"),
)


def _real(target: Target) -> bool:
    return all(np.asarray(value).dtype.kind != "c" for value in target.point.values)


# asked only of a target that declares what they hold it to
_DECLARED: tuple[tuple[Callable[[Target], bool], Check], ...] = (
    (lambda target: target.elementwise and _real(target), Check("gradient.points", points.gradient_points)),
    (lambda target: target.jvp is not None, Check("adjoint.dot", adjoint.adjoint_dot)),
    (lambda target: target.symmetric, Check("second_order.symmetric", structure.second_order_symmetric)),
    (lambda target: target.batch is not None, Check("structure.batch", structure.structure_batch)),
)


def all_checks() -> tuple[Check, ...]:
    """Return every check there is, whatever it applies to."""
    return (*_CHECKS, *(check for _, check in _DECLARED))


def checks_for(target: Target) -> tuple[Check, ...]:
    """Return the checks that apply to a target, in the order in which they are asked."""
    return (*_CHECKS, *(check for applies, check in _DECLARED if applies(target)))
