"""The report as SARIF 2.1.0, for code scanning: failures at the lines of their backward."""

from __future__ import annotations

import hashlib
import json
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
        "results": [_result(f, checks.index(f.check), lengths) for f in shown],
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


def _result(finding: Finding, rule: int, lengths: dict[tuple[str, int], int]) -> dict[str, Any]:
    told = finding.message or f"{finding.layer}: {finding.wrt}: {finding.reason or finding.verdict}"
    if finding.reproduce:
        told += f"\nReproduce: {finding.reproduce}"
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": "error" if finding.verdict.wrong else "warning",
        "message": {"text": "\n".join(printable(line) for line in told.split("\n"))},
        "partialFingerprints": {"gradcheckFinding/v1": fingerprint(finding)},
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


def fingerprint(finding: Finding) -> str:
    """Return what stays the same when lines move and numbers change: a hash of the finding's id."""
    return hashlib.sha256(finding.id.encode("utf-8", "backslashreplace")).hexdigest()[:32]
