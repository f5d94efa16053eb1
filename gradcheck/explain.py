"""What a word of a report means: checks by their own docstrings, verdicts, patterns of mistakes."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from importlib.resources import files

from gradcheck import checks, coverage, gate
from gradcheck.compare import Verdict

__all__ = ["topics"]

_VERDICTS = {
    Verdict.AGREES: "The gap is within what is allowed (the measurement's error bar and the claim's rounding), and "
    "what is allowed is small: the report says how small an error would have been seen.",
    Verdict.KINK: "Left and right slopes differ beyond their error bars, and the claim lies between them: a valid "
    "subgradient, as of ReLU at 0. A claim outside them DISAGREES.",
    Verdict.INCONCLUSIVE: "The error bar is wider than the resolution that was asked for. The reason is named (noise, "
    "truncation, kinks in the step, domain edge, budget) with what would settle it. It is not counted as verified: "
    "exit code 4.",
    Verdict.DISAGREES: "The gap exceeds what is allowed, and a second measurement with other steps and directions "
    "confirms it.",
    Verdict.MALFORMED: "Wrong shape, dtype or key; NaN or infinity at a valid point; an argument changed; not "
    "repeatable; not linear in the cotangent; or a public layer that nothing checks.",
    Verdict.RAISED: "Forward or backward raised an exception; the message says which and where.",
}


def topics() -> dict[str, str]:
    """Return everything that can be explained: id -> text."""
    found = {verdict.value: text for verdict, text in _VERDICTS.items()}
    for check in getattr(checks, "_CHECKS", ()):
        text = inspect.cleandoc(check.explanation)
        found[check.id] = text
    for id_ in _answers():  # a check may have answers of several ids, "gradient.entries"
        if id_ not in found and id_.partition(".")[0] in found:
            found[id_] = found[id_.partition(".")[0]]
    found["audit.coverage"] = inspect.getdoc(coverage.coverage) or ""
    found["audit.adapt"] = (
        "Every target can be made. The user's own code raised while its target was: a model's forward, for one."
    )
    found[gate.STALE] = inspect.getdoc(gate.stale) or ""
    return dict(sorted(found.items())) | _patterns()


def _answers() -> list[str]:
    """Return the ids of all findings, as the checks' sources spell them."""
    sources = (file.read_text("utf-8") for file in files("gradcheck.checks").iterdir() if file.name.endswith(".py"))
    return [id_ for source in sources for id_ in re.findall(r'\bfinding\(\s*"(\w+\.\w+)"', source)]


def _patterns() -> dict[str, str]:
    try:
        module = import_module("gradcheck.diagnosis.patterns")
    except ModuleNotFoundError:
        return {}
    told = getattr(module, "PATTERNS", {})
    return {f"pattern {slug}": text for slug, text in told.items()}
