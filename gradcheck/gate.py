"""What a change has to pass: accepted findings, each with its reason, and what counts as wrong.

Accepted findings come from the configuration (`expected-failures`, {id: reason}) and from a baseline file, which may
only shrink: an entry that no longer occurs, or that names no finding at all, fails like a wrong gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from gradcheck.compare import Verdict
from gradcheck.config import suggest
from gradcheck.errors import ConfigurationError
from gradcheck.report import Finding, Report
from gradcheck.report.finding import STALE
from gradcheck.report.text import printable

__all__ = [
    "STALE",
    "Accepted",
    "accept",
    "exit_code",
    "first_baseline",
    "read_baseline",
    "shrink",
    "stale",
    "write_baseline",
]

FailOn = Literal["wrong", "inconclusive", "kink"]


class _Baseline(msgspec.Struct, forbid_unknown_fields=True):
    format: Literal["gradcheck-baseline"]
    version: Literal[1]
    accepted: dict[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Findings that are known and accepted.

    Args:
        origin: where they are written, for messages.
        reasons: id of a finding -> why it is accepted.
    """

    origin: str
    reasons: Mapping[str, str]


def accept(report: Report, known: Iterable[Accepted], *, complete: bool) -> Report:
    """Return the report with accepted findings marked, and a finding for each entry that accepts nothing.

    Args:
        report: of a run.
        known: accepted findings.
        complete: whether everything was looked at; in a part, an entry that does not occur proves nothing unless
            its target was examined.
    """
    entries = list(known)
    reasons = {id_: reason for each in entries for id_, reason in each.reasons.items()}
    marked, hit = [], set()
    for f in report.findings:
        meant = {id_ for id_ in _ids(f) if id_ in reasons and _bad(f)}
        hit |= meant
        marked.append(replace(f, accepted=reasons[max(meant, key=len)]) if meant else f)
    ids = {id_ for f in report.findings for id_ in _ids(f)}
    idle = [
        stale(each.origin, id_, ids)
        for each in entries
        for id_ in each.reasons
        if id_ not in hit and (id_ in ids or (complete and not report.stopped))
    ]
    return replace(report, findings=(*marked, *idle))


def _ids(finding: Finding) -> tuple[str, ...]:
    """Return what an entry may call a finding: its own id, and where it is a measurement the gradient's."""
    measured = finding.check.startswith(("gradient.", "model."))
    return (finding.id, f"{finding.target}:{finding.wrt}") if measured else (finding.id,)


def _bad(finding: Finding) -> bool:
    return finding.verdict is not Verdict.AGREES


def stale(origin: str, id_: str, ids: set[str]) -> Finding:
    """Every accepted finding still occurs.

    A list of accepted failures may only shrink. An entry whose finding agrees by now hides the next failure of the
    same name; an entry that names no finding at all is most likely mistyped. Remove it, or let `--baseline-update`.
    """
    if id_ in ids:
        told = f"{id_} is accepted in {origin} but agrees: remove the entry (--baseline-update does it for a baseline)"
    else:
        told = f"{id_} is accepted in {origin} but there is no such finding{suggest(id_, ids)}"
    return Finding(origin, id_, STALE, "", Verdict.MALFORMED, told)


def exit_code(report: Report, fail_on: FailOn) -> int:
    """Return the report's exit code, 1 also for what `fail_on` names: the mildest verdict that counts as wrong."""
    open_ = {finding.verdict for finding in report.findings if not finding.accepted}
    fatal = {"wrong": (), "inconclusive": (Verdict.INCONCLUSIVE,), "kink": (Verdict.INCONCLUSIVE, Verdict.KINK)}
    return 1 if open_.intersection(fatal[fail_on]) else report.exit_code


def read_baseline(file: Path) -> Accepted:
    """Read a baseline.

    Raises:
        ConfigurationError: it cannot be read, or an entry has no reason.
    """
    try:
        read = msgspec.json.decode(file.read_bytes(), type=_Baseline)
    except OSError as error:
        hint = "; --baseline-update --reason TEXT makes one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigurationError(f"The baseline {file} cannot be read: {error.strerror}{hint}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The baseline {file} is damaged: {printable(str(error))}") from error
    for id_, reason in read.accepted.items():
        if not reason.strip():
            raise ConfigurationError(f"Expected a reason for {id_!r} in the baseline {file} but got none")
    return Accepted(str(file), read.accepted)


def shrink(baseline: Accepted, findings: Sequence[Finding]) -> Accepted:
    """Return the baseline without the entries that no longer occur."""
    occur = {id_ for f in findings if _bad(f) for id_ in _ids(f)}
    return replace(baseline, reasons={id_: reason for id_, reason in baseline.reasons.items() if id_ in occur})


def first_baseline(file: Path, findings: Sequence[Finding], reason: str) -> Accepted:
    """Return a baseline that accepts everything that is not verified now, for one reason."""
    bad = [f for f in findings if (f.verdict.wrong or f.verdict is Verdict.INCONCLUSIVE) and not f.accepted]
    return Accepted(str(file), {f.id: reason for f in bad})


def write_baseline(baseline: Accepted) -> str:
    """Return the text of a baseline file, one entry a line, sorted."""
    entries = [f"  {_json(id_)}: {_json(reason)}" for id_, reason in sorted(baseline.reasons.items())]
    inside = "{\n" + ",\n".join(entries) + "\n }" if entries else "{}"
    return f'{{\n "format": "gradcheck-baseline",\n "version": 1,\n "accepted": {inside}\n}}\n'


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()
