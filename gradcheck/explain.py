"""What a word of a report means: checks by their own docstrings, verdicts, patterns of mistakes."""

from __future__ import annotations

import inspect
import re
from importlib.resources import files

from gradcheck import coverage, gate
from gradcheck.checks import all_checks
from gradcheck.compare import Verdict
from gradcheck.diagnosis.patterns import PATTERNS

__all__ = ["checks_by_id", "topics", "verdicts"]

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


# findings that no single check yields: what a whole network or a whole run says
_WHOLE = {
    "model.boundary": "The gradient that the model hands on past a boundary is the derivative of the loss with respect "
    "to the activation there, measured. It finds a fault of the wiring, where each layer is right by itself.",
    "model.end_to_end": "The gradient that the model gives for each parameter is the derivative of its loss, measured "
    "along random directions. A layer that fails here alone is contaminated: the cause sits above it.",
    "model.split": "Neighbours keep to one convention: the rows that it explains are told together, with the factor "
    "that remains end to end.",
    "audit.adapt": "Every target can be made. The user's own code raised while its target was: a model's forward, "
    "or the backward of an object whose gradients are looked for.",
    "audit.worker": "Every target is checked to its end. The process that checked it died, or ran longer than "
    "--timeout; the others were checked all the same.",
}
_CHECK = re.compile(r'\bfinding\(\s*"(\w+\.\w+)"')


def topics() -> dict[str, str]:
    """Return everything that can be explained: id -> text."""
    return verdicts() | dict(sorted(checks_by_id().items())) | {f"pattern {s}": text for s, text in PATTERNS.items()}


def verdicts() -> dict[str, str]:
    """Return what each verdict means, the mildest first."""
    return {verdict.value: text for verdict, text in _VERDICTS.items()}


def checks_by_id() -> dict[str, str]:
    """Return what each check asks, by the id of its findings, in the order in which they are asked."""
    told = {check.id: inspect.cleandoc(check.explanation) for check in all_checks()}
    found: dict[str, str] = {}
    for id_, text in told.items():
        found[id_] = text
        # a check may have answers of several ids: "gradient" those of "gradient.entries"
        found |= {answer: text for answer in _answers() if answer not in told and answer.partition(".")[0] == id_}
    found |= _WHOLE
    found["audit.coverage"] = inspect.getdoc(coverage.coverage) or ""
    found[gate.STALE] = inspect.getdoc(gate.stale) or ""
    return found


def _answers() -> list[str]:
    """Return the ids of all findings, as the checks' sources spell them."""
    sources = (file.read_text("utf-8") for file in files("gradcheck.checks").iterdir() if file.name.endswith(".py"))
    return [id_ for source in sources for id_ in _CHECK.findall(source)]
