"""A training hook that verifies the model's gradients as it learns, where a checker is installed."""

import copy
import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netcore.model import Model
from netcore.protocol import Array


@dataclass(frozen=True)
class Audit:
    """What one check of parts of the model found.

    Args:
        step: of training.
        parts: what was checked, "2 Dense", "end to end" ...
        verdict: the worst of its findings, in the checker's own words.
        ok: whether every gradient of these parts was verified.
        culprits: whose own derivative is wrong, "2 Dense W".
        seconds: what it cost.
    """

    step: int
    parts: tuple[str, ...]
    verdict: str
    ok: bool
    culprits: tuple[str, ...]
    seconds: float


@dataclass
class Auditor:
    """Called as a hook: checks parts of a copy of the model, in float64 and on the first rows of the batch.

    The parts are the layers, the loss, the boundaries and the whole; each call takes the next few, so that it costs
    little and that in time each is checked. Float64, since the derivative of a float32 loss cannot be measured to
    better than about three digits; and few rows, since a gradient is as right or wrong on three rows as on three
    hundred.

    Args:
        targets: from the model, its input and truth to what there is to check, each with a name.
        check: from some of these to a report.
        rows: how many.
        at_once: how many parts a call checks.
        audits: what was found so far.
    """

    targets: Callable[[Model, Array, Array], Sequence[Any]]
    check: Callable[[Sequence[Any]], Any]
    rows: int = 3
    at_once: int = 3
    audits: list[Audit] = field(default_factory=list)

    def __call__(self, model: Model, x: Array, y: Array, step: int) -> None:
        """Check the next parts of the model as it stands after this step."""
        began = time.perf_counter()
        targets = self._of(model, x, y)
        start = sum(len(audit.parts) for audit in self.audits) % len(targets)
        self._audit(targets, targets[start : start + self.at_once], step, began)

    def finish(self, model: Model, x: Array, y: Array, step: int) -> None:
        """Check what no call has reached yet."""
        began = time.perf_counter()
        targets = self._of(model, x, y)
        seen = {part for audit in self.audits for part in audit.parts}
        if left := [target for target in targets if _part(target) not in seen]:
            self._audit(targets, left, step, began)

    def _of(self, model: Model, x: Array, y: Array) -> Sequence[Any]:
        twin = copy.deepcopy(model)
        twin.cast(np.float64)
        x = x[: self.rows]
        return self.targets(twin, x.astype(np.float64) if x.dtype.kind == "f" else x, y[: self.rows])

    def _audit(self, targets: Sequence[Any], chosen: Sequence[Any], step: int, began: float) -> None:
        report = self.check(chosen)
        if not report.ok:
            report = self.check(targets)  # whether a part is the culprit or only suffers shows in the whole
        parts = tuple(map(_part, chosen))
        culprits = tuple(" ".join(culprit) for culprit in report.culprits)
        seconds = time.perf_counter() - began
        self.audits.append(Audit(step, parts, str(report.verdict), bool(report.ok), culprits, seconds))


def find_auditor() -> Auditor | None:
    """Return an auditor, or None where no checker is installed.

    The checker is found by name at run time and never imported: the network core needs none to work.
    """
    try:
        checker: Any = importlib.import_module("gradcheck")
    except ModuleNotFoundError:
        return None
    adapt, check = checker.adapt, checker.check  # both import when they are first named: now, not during training
    return Auditor(
        targets=lambda model, x, y: list(adapt.model(model, x, y)),
        check=lambda targets: check(targets, effort="quick"),
    )


def _part(target: Any) -> str:
    """Return "2 Dense" of a target called "Model/2 Dense"."""
    return str(target.name).rpartition("/")[2]
