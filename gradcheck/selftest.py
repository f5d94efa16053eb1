"""How strong is the gate? Plants known mistakes in right targets and tells which are caught, and down to which size."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from gradcheck.audit import examine
from gradcheck.checks.precision import resolution_for
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.faults import FAULTS, Fault, Place
from gradcheck.norms import norm
from gradcheck.report import Report
from gradcheck.settings import Settings
from gradcheck.target import Target

__all__ = ["Attempt", "Outcome", "Selftest", "representative", "selftest"]

Outcome = Literal["caught", "open", "missed"]
_SMALLEST = 1e-12  # sizes are not followed beyond: that is a few hundred spacings of float64


@dataclass(frozen=True, slots=True)
class Attempt:
    """One planted mistake and what became of it.

    Args:
        fault: id of the mistake.
        target: name of the target.
        quantity: whose gradient was spoiled.
        size: relative size of the mistake; None where it has none.
        due: whether it has to be caught; sizes below the resolution that is asked for are tried as well.
        outcome: "caught"; "open": not verified, and not accused either; "missed": verified although it is wrong.
        checks: ids of the checks that caught it.
    """

    fault: str
    target: str
    quantity: str
    size: float | None
    due: bool
    outcome: Outcome
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selftest:
    """What became of all planted mistakes.

    Args:
        attempts: in the order of targets and faults.
        unusable: (target, verdict) of targets that are not verified as they are, in which nothing was planted.
        resolution: size from which on a mistake of float64 has to be caught.
    """

    attempts: tuple[Attempt, ...]
    unusable: tuple[tuple[str, str], ...] = ()
    resolution: float = 1e-6

    @property
    def missed(self) -> tuple[Attempt, ...]:
        """Mistakes that had to be caught and were verified instead."""
        return tuple(attempt for attempt in self.attempts if attempt.due and attempt.outcome == "missed")

    @property
    def exit_code(self) -> int:
        """0 all caught · 1 something was missed · 4 something stayed open · 5 nothing was planted."""
        due = [attempt for attempt in self.attempts if attempt.due]
        if not due:
            return 5
        return 1 if self.missed else 4 if any(attempt.outcome == "open" for attempt in due) else 0

    def of(self, fault: str) -> tuple[Attempt, ...]:
        """The attempts with one kind of mistake."""
        return tuple(attempt for attempt in self.attempts if attempt.fault == fault)

    def smallest(self, fault: str) -> tuple[float, float] | None:
        """(best, worst) of the smallest sizes caught, over targets; None for mistakes without a size."""
        sizes: dict[tuple[str, str], float] = {}
        for attempt in self.of(fault):
            if attempt.size is not None and attempt.outcome == "caught":
                key = attempt.target, attempt.quantity
                sizes[key] = min(attempt.size, sizes.get(key, np.inf))
        return (min(sizes.values()), max(sizes.values())) if sizes else None


def selftest(
    targets: Iterable[Target],
    settings: Settings,
    *,
    most: int | None = None,
    progress: Callable[[Target], None] | None = None,
) -> Selftest:
    """Plant the catalogue of mistakes in targets, one at a time, and check each.

    Args:
        targets: right ones; one that does not verify by itself is left out, and named.
        settings: as for an audit, whose strength this tells.
        most: mistakes that are planted in all, about; None for every mistake in every target. Each target is given
            others in turn, so that every kind of mistake is tried.
        progress: called with each target before mistakes are planted in it.
    """
    chosen = list(targets)
    each = len(FAULTS) if most is None else max(1, min(len(FAULTS), -(-most // max(1, len(chosen)))))
    attempts: list[Attempt] = []
    unusable: list[tuple[str, str]] = []
    for i, target in enumerate(chosen):
        if progress is not None:
            progress(target)
        report = Report(tuple(examine(target, settings)))
        if not report.ok:
            unusable.append((target.name, report.verdict.name))
            continue
        for k in range(each):
            attempts += _planted(target, FAULTS[(i * each + k) % len(FAULTS)], settings)
    return Selftest(tuple(attempts), tuple(unusable), settings.resolution or resolution_for(2.0**-52))


def representative(targets: Iterable[Target]) -> list[Target]:
    """Return the first local target of each kind of layer, activation and loss."""
    found: dict[Any, Target] = {}
    for target in targets:
        if target.role == "local":
            found.setdefault(type(target.subject) if target.subject is not None else target.name, target)
    return list(found.values())


def _planted(target: Target, fault: Fault, settings: Settings) -> Iterator[Attempt]:
    rng = np.random.default_rng([settings.seed, *(zlib.crc32(word.encode()) for word in (target.name, fault.id))])
    for place in _places(target, settings, rng):
        spoiled = fault.spoil(target, place)
        if spoiled is None or (not fault.form and _void(target, spoiled, settings)):
            continue  # cannot be made here, or changes no number: another block
        if not fault.sized:
            yield _attempt(spoiled, fault, place, None, True, settings)
            return
        yield from _sizes(target, fault, place, settings)
        return


def _places(target: Target, settings: Settings, rng: np.random.Generator) -> Sequence[Place]:
    """Return the claimed blocks in random order, each with a right gradient."""
    trial = Trial(target, settings)
    blocks = trial.claimed_blocks()
    places = [Place(name, trial.value(name), np.array(trial.gradients(0)[name])) for name in blocks]
    return [places[i] for i in rng.permutation(len(places)) if np.any(places[i].reference)]


def _void(target: Target, spoiled: Target, settings: Settings) -> bool:
    """Whether a mistake changes nothing that could be seen: no number moves by more than its rounding."""
    for number in (0, 1):
        right, wrong = (Trial(each, settings).gradients(number) for each in (target, spoiled))
        for name, value in right.items():
            other = wrong.get(name)
            if value is None or other is None or value.shape != other.shape:
                continue
            gap = norm(np.nan_to_num(value - other, nan=np.inf))
            if gap > 1e-9 * norm(value) and gap > 64 * np.finfo(value.dtype).eps * np.max(np.abs(value)):
                return False
    return True


def _sizes(target: Target, fault: Fault, place: Place, settings: Settings) -> Iterator[Attempt]:
    """Follow a mistake down from the size that has to be caught, or up from there if it is not."""
    eps = float(np.finfo(place.x.dtype).eps)
    due = settings.resolution or resolution_for(eps)
    due *= np.sqrt(place.x.size) if fault.id in ("one entry", "one row") else 1.0  # relative to the whole block
    size = due = min(float(due), 1.0)
    down: bool | None = None
    while _SMALLEST < size < 1e3:
        spoiled = fault.spoil(target, replace(place, size=size))
        assert spoiled is not None
        attempt = _attempt(spoiled, fault, place, size, size >= due, settings)
        yield attempt
        caught = attempt.outcome == "caught"
        if down is None:
            down = caught
        if caught is not down:
            return
        size *= 0.1 if down else 10.0


def _attempt(spoiled: Target, fault: Fault, place: Place, size: float | None, due: bool, settings: Settings) -> Attempt:
    findings = examine(spoiled, settings)
    wrong = [finding for finding in findings if finding.verdict.wrong]
    unsure = any(finding.verdict is Verdict.INCONCLUSIVE for finding in findings)
    outcome: Outcome = "caught" if wrong else "open" if unsure else "missed"
    checks = tuple(dict.fromkeys(finding.check for finding in wrong))
    return Attempt(fault.id, spoiled.name, place.block, size, due, outcome, checks)
