"""Hand what disagrees to the diagnosis, and put what it says on the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from math import prod
from typing import Any

import numpy as np

from gradcheck.checks.confirm import JUMPS
from gradcheck.checks.cotangents import flatten
from gradcheck.checks.precision import stage_for
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.diagnosis import Subject, name_mistake
from gradcheck.diagnosis.curve import trend_of
from gradcheck.diagnosis.few import from_entries
from gradcheck.point import Array, differentiable
from gradcheck.report import Finding
from gradcheck.tree import leaves, rebuild

__all__ = ["named", "naming", "subject_of"]

_CHECKS = ("gradient.direction", "gradient.entries", "model.boundary", "pullback.linear", "pullback.zero")
_MOST_INPUTS = 20_000  # entries of a block, and of the outputs, beyond which one pullback an output is too dear


def naming(check: Callable[[Trial], Iterator[Finding]]) -> Callable[[Trial], Iterator[Finding]]:
    """Return a check that names the mistake of what it finds."""

    @wraps(check)
    def run(trial: Trial) -> Iterator[Finding]:
        yield from named(trial, list(check(trial)))

    return run


def named(trial: Trial, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, those that disagree with the likely mistake in `pattern` and in their message."""
    blocks: dict[tuple[str, str], str] = {}
    for name in trial.target.point.names:
        blocks.setdefault(trial.target.owner(name), name)
    wrong = dict.fromkeys(f.quantity for f in findings if _asks(f) and trial.target.role != "end_to_end")
    told: dict[tuple[str, str], list[Any]] = {}
    for quantity in wrong:
        if (owned := blocks.get(quantity)) is not None:
            places = [f.worst for f in findings if f.quantity == quantity and f.worst is not None]
            if owned not in trial.told:
                trial.told[owned] = _asked(trial, owned, places)
            own = [f for f in findings if f.quantity == quantity]
            told[quantity] = _not_denied(trial.told[owned], own) or _one_place(own)
    for quantity in wrong:
        if quantity in blocks and _large(trial, blocks[quantity]):
            told[quantity] = from_entries([f for f in findings if f.quantity == quantity])
    named_ = [_with(f, told.get(f.quantity, [])) if _asks(f) else f for f in findings]
    return [_reached(trial, _doubted(finding), blocks) for finding in named_]


def _not_denied(guesses: Sequence[Any], findings: Sequence[Finding]) -> list[Any]:
    """Return guesses that the measured entries do not deny: of a large block the diagnosis has seen a sample."""
    counts = [(f.wrong, f.entries) for f in findings if f.check == "gradient.entries" and f.wrong is not None]
    several = any(wrong > 1 for wrong, _ in counts)
    all_of_them = several and any(wrong == entries for wrong, entries in counts)
    denied = {"one_entry"} if several else set()
    denied |= {"saturation", "one_side"} if all_of_them else set()
    return [guess for guess in guesses if guess.slug not in denied]


def _one_place(findings: Sequence[Finding]) -> list[Any]:
    """Return the place where the entries of one gradient are wrong: a factor for one cotangent proves nothing."""
    return [g for g in from_entries(findings) if g.slug in ("one_entry", "one_row", "one_channel")]


def _doubted(finding: Finding) -> Finding:
    """Return a finding that is not verified with what its curve says of the measurement."""
    open_ = finding.verdict is Verdict.INCONCLUSIVE and finding.reason != JUMPS
    if not finding.curve or not (open_ or finding.verdict is Verdict.DISAGREES):
        return finding
    trend, words = trend_of(finding.curve)
    if not trend or (trend == "flat") != (finding.verdict is Verdict.DISAGREES):
        return finding
    return replace(finding, trend=trend, message=f"{finding.message}\nsteps: {words}")


def _reached(trial: Trial, finding: Finding, blocks: Mapping[tuple[str, str], str]) -> Finding:
    """Return a green row with how much of its block no gradient reached: what is zero whatever the cotangent."""
    name = blocks.get(finding.quantity)
    checks = ("gradient.direction", "model.end_to_end")
    if (
        finding.verdict is not Verdict.AGREES
        or finding.check not in checks
        or name is None
        or finding.entries is not None
    ):
        return finding
    sizes = {n: size for n in range(2) if (size := trial.size_of(n, name)) is not None}
    if not sizes or (entries := prod(sizes[min(sizes)].shape)) < 2 or sizes[min(sizes)].dtype.kind not in "fc":
        return finding
    bound = 1e-12 * max(size.largest for size in sizes.values())
    if any(size.least > bound for size in sizes.values()):
        return finding
    unlit = np.ones(trial.value(name).shape, dtype=bool)
    for n in sizes:
        unlit &= np.abs(trial.gradient(n, name)) <= bound
    dark = int(np.count_nonzero(unlit))
    if dark == 0:
        return finding
    share = f"{100 * (1 - dark / entries):.0f} %"
    rest = f"{dark} of {entries} entries have a derivative of zero here"
    note = f"gradient information reached {share} of {finding.wrt}: {rest}"
    return replace(finding, note=note)


def _asks(finding: Finding) -> bool:
    return finding.check in _CHECKS and finding.verdict in (Verdict.DISAGREES, Verdict.MALFORMED) and bool(finding.wrt)


def _with(finding: Finding, guesses: Sequence[Any]) -> Finding:
    if not guesses:
        return finding
    best, *rest = guesses
    message = f"{finding.message}\npattern: {best.told}"
    if rest:
        message += f"\nor: {rest[0].told}"
    return replace(finding, message=message, pattern=best.slug, factor=best.factor, origin=best.origin)


def _large(trial: Trial, name: str) -> bool:
    return trial.value(name).size > _MOST_INPUTS or trial.y0.size > _MOST_INPUTS


def _asked(trial: Trial, name: str, places: Sequence[tuple[int, ...]]) -> list[Any]:
    if _large(trial, name) or (subject := subject_of(trial)) is None:
        return []
    try:
        return name_mistake(subject, name, places)
    except (
        Exception
    ):  # the diagnosis tries points and cotangents at which the user's code may raise; then nothing is said
        return []


def subject_of(trial: Trial) -> Subject | None:
    """Return a trial as the diagnosis sees it: flat outputs, flat cotangents, claims in the target's own precision."""
    stage = stage_for(trial)
    if any(isinstance(v, np.ndarray) and v.dtype.kind == "c" for v in trial.values) or trial.y0.dtype.kind == "c":
        return None
    dtypes = [v.dtype if differentiable(v) else None for v in trial.values]

    def cast(values: Sequence[Any]) -> list[Any]:
        return [v if d is None else np.array(v, dtype=d) for v, d in zip(values, dtypes, strict=True)]

    def evaluate(values: Sequence[Any]) -> Array | None:
        trial.evaluations += 1
        arguments = [np.array(v) if isinstance(v, np.ndarray) else v for v in values]
        if not stage.lifted:
            arguments = cast(arguments)
        try:
            return flatten(trial.target.forward(*arguments)).copy()
        except Exception:  # a step may leave the domain
            return None

    def pull(values: Sequence[Any], cotangents: Sequence[Array]) -> list[Mapping[str, Any]] | None:
        try:
            outputs, pullback = trial.target.linearize(*cast(values))
            return [trial.read(pullback(_nested(outputs, u))) for u in cotangents]
        except Exception:  # a moved point may leave the domain
            return None

    shapes = [np.shape(leaf) for _, leaf in leaves(trial.outputs)]
    return Subject(
        names=trial.names,
        values=tuple(np.array(v) if isinstance(v, np.ndarray) else v for v in stage.trial.values),
        blocks=tuple(trial.claimed_blocks()),
        evaluate=evaluate,
        pull=pull,
        output=shapes[0] if len(shapes) == 1 else None,
        eps=stage.claim_eps,
        name=trial.target.name,
        rng=trial.rng,
        leaves=tuple((n, int(np.size(leaf))) for n, leaf in leaves(trial.outputs) if _moves(leaf)),
    )


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, (float, complex)) or differentiable(leaf)


def _nested(outputs: Any, flat: Array) -> Any:
    """Return a flat cotangent in the structure of the outputs."""
    place = 0

    def fill(leaf: Any) -> Any:
        nonlocal place
        if not _moves(leaf):
            return np.zeros(np.shape(leaf)) if isinstance(leaf, (np.ndarray, np.generic, int)) else None
        size = int(np.size(leaf))
        part = flat[place : place + size]
        place += size
        if isinstance(leaf, np.ndarray):
            return part.reshape(leaf.shape).astype(leaf.dtype)
        return leaf.dtype.type(part[0]) if isinstance(leaf, np.generic) else float(part[0])

    return rebuild(outputs, fill)
