"""A training hook that verifies the model's gradients as it learns, where a checker is installed."""

import copy
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netcore.model import Model
from netcore.protocol import Array


@dataclass(frozen=True)
class Audit:
    """What one check of the model found.

    Args:
        step: of training.
        verdict: the worst of its findings, in the checker's own words.
        ok: whether every gradient was verified.
        culprits: whose own derivative is wrong, "2 Dense W".
        seconds: what it cost.
    """

    step: int
    verdict: str
    ok: bool
    culprits: tuple[str, ...]
    seconds: float


@dataclass
class Auditor:
    """Called as a hook: checks a copy of the model in float64 on the first rows of the batch.

    Float64, since the derivative of a float32 loss cannot be measured to better than about three digits; and few rows,
    since a gradient is as right or wrong on three rows as on three hundred.

    Args:
        check: from the model, its input and truth to an Audit.
        rows: how many.
        audits: what was found so far.
    """

    check: Callable[[Model, Array, Array, int], Audit]
    rows: int = 3
    audits: list[Audit] = field(default_factory=list)

    def __call__(self, model: Model, x: Array, y: Array, step: int) -> None:
        """Check the model as it stands after this step."""
        twin = copy.deepcopy(model)
        twin.cast(np.float64)
        x = x[: self.rows]
        self.audits.append(self.check(twin, x.astype(np.float64) if x.dtype.kind == "f" else x, y[: self.rows], step))


def find_auditor() -> Auditor | None:
    """Return an auditor, or None where no checker is installed.

    The checker is found by name at run time and never imported: the network core needs none to work.
    """
    try:
        checker = importlib.import_module("gradcheck")
    except ModuleNotFoundError:
        return None

    def check(model: Model, x: Array, y: Array, step: int) -> Audit:
        began = time.perf_counter()
        report: Any = checker.check(checker.adapt.model(model, x, y), effort="quick")
        culprits = tuple(" ".join(culprit) for culprit in report.culprits)
        return Audit(step, str(report.verdict), bool(report.ok), culprits, time.perf_counter() - began)

    return Auditor(check)
