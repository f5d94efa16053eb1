"""The report as JUnit XML: one case a check, for whatever shows test results."""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gradcheck.compare import Verdict
from gradcheck.report.finding import Finding
from gradcheck.report.record import Report
from gradcheck.report.terminal import facts
from gradcheck.report.text import printable

__all__ = ["render"]


def render(report: Report) -> str:
    """Return the XML: a suite a target, a case a finding; what is not verified is never a passed case."""
    root = Element("testsuites", name="gradcheck")
    suites: dict[str, Element] = {}
    seen: Counter[str] = Counter()
    for finding in report.findings:
        if finding.target not in suites:
            suites[finding.target] = SubElement(root, "testsuite", name=printable(finding.target))
        seen[finding.id] += 1
        _case(suites[finding.target], finding, seen[finding.id])
    for target in report.unchecked:
        suite = SubElement(root, "testsuite", name=printable(target))
        case = SubElement(suite, "testcase", classname=printable(target), name="not reached")
        SubElement(case, "error", type="unchecked", message=printable(report.stopped))
    for suite in root:
        _count(suite)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{report.seconds:.3f}")
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _case(suite: Element, finding: Finding, number: int) -> None:
    name = f"{finding.check} {finding.place}" if finding.wrt else finding.check
    if number > 1:  # readers keep one case of a name: a check's second answer about a quantity would be lost
        name += f" ({number})"
    case = SubElement(suite, "testcase", classname=printable(finding.target), name=printable(name))
    if finding.source is not None:
        case.set("file", printable(finding.source[0]))
        case.set("line", str(finding.source[1]))
    if finding.accepted:
        SubElement(case, "skipped", message=printable(f"accepted: {finding.accepted}"))
    elif finding.verdict.wrong or finding.verdict is Verdict.INCONCLUSIVE:
        kind = "error" if finding.verdict is Verdict.RAISED else "failure"
        told = finding.message or finding.reason or str(finding.verdict)
        element = SubElement(case, kind, type=str(finding.verdict), message=printable(told.split("\n")[0]))
        element.text = "\n".join(f"{word}: {value}" for word, value in facts(finding))
        if finding.counterexample is not None:
            element.text += "\n\n" + "\n".join((finding.counterexample.told, "", *finding.counterexample.lines))


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
