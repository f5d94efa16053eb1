"""The report as SARIF 2.1.0, for code scanning: failures at the lines of their backward."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from gradcheck.compare import Verdict
from gradcheck.report.finding import Finding
from gradcheck.report.record import Report
from gradcheck.report.rows import headline
from gradcheck.report.text import printable

__all__ = ["fingerprint", "render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "PROJECTROOT"


def render(report: Report) -> str:
    """Return the SARIF log: one result for each finding that is not as it should be."""
    shown = [f for f in report.findings if f.verdict.wrong or f.verdict is Verdict.INCONCLUSIVE]
    checks = list(dict.fromkeys(f.check for f in shown))
    numbers = _numbers(shown)
    lengths = {(s.file, s.line): s.line + s.text.count("\n") for s in report.sources}
    invocation: dict[str, Any] = {"executionSuccessful": not report.stopped, "exitCode": report.exit_code}
    if report.stopped:
        note = {"level": "warning", "message": {"text": printable(headline(report))}}
        invocation["toolExecutionNotifications"] = [note]
    run = {
        "tool": {"driver": {**_driver(report), "rules": [_rule(check) for check in checks]}},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the project that was audited."}}},
        "results": [_result(f, checks.index(f.check), lengths, n) for f, n in zip(shown, numbers, strict=True)],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _driver(report: Report) -> dict[str, Any]:
    version = dict(report.environment).get("gradcheck")
    return {"name": "gradcheck", **({"version": printable(version)} if version else {})}


def _rule(check: str) -> dict[str, Any]:
    words = "".join(part.capitalize() for part in check.replace("_", ".").split("."))
    return {
        "id": check,
        "name": words,
        "shortDescription": {"text": f"The check {check} of gradcheck."},
        "help": {"text": f"Run `python -m gradcheck explain {check}`."},
    }


def _numbers(findings: Iterable[Finding]) -> Iterator[int]:
    """Count the findings of one id: a check may have several answers about one quantity."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.id] += 1
        yield seen[finding.id]


def _result(finding: Finding, rule: int, lengths: dict[tuple[str, int], int], number: int) -> dict[str, Any]:
    told = finding.message or f"{finding.layer}: {finding.wrt}: {finding.reason or finding.verdict}"
    if finding.reproduce:
        told += f"\nReproduce: {finding.reproduce}"
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": "error" if finding.verdict.wrong else "warning",
        "message": {"text": "\n".join(printable(line) for line in told.split("\n"))},
        "partialFingerprints": {"gradcheckFinding/v1": fingerprint(finding, number)},
        "properties": {
            "verdict": str(finding.verdict),
            "target": printable(finding.target),
            "wrt": printable(finding.wrt),
        },
    }
    if finding.source is not None:
        file, line = finding.source
        location: dict[str, Any] = {"uri": quote(file.replace("\\", "/"), safe="/:@")}
        if not file.startswith("/"):
            location["uriBaseId"] = _ROOT
        else:
            location["uri"] = f"file://{location['uri']}"
        last = lengths.get(finding.source, line)
        region = {"startLine": max(1, line), "endLine": max(1, line, last)}
        result["locations"] = [{"physicalLocation": {"artifactLocation": location, "region": region}}]
    if finding.accepted:
        result["suppressions"] = [{"kind": "external", "justification": printable(finding.accepted)}]
    return result


def fingerprint(finding: Finding, number: int = 1) -> str:
    """Return what stays the same when lines move and numbers change: a hash of the id, and of which one of that id."""
    name = finding.id if number == 1 else f"{finding.id} ({number})"
    return hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:32]
