"""All findings of one run, and what follows from them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gradcheck.compare import Verdict
from gradcheck.report.finding import Finding

__all__ = ["Report", "SourceText"]

_WHOLE = ""


@dataclass(frozen=True, slots=True)
class SourceText:
    """The lines of a function that findings point at, kept so that a report can be read elsewhere.

    Args:
        file: as in `Finding.source`.
        line: number of the first line.
        text: the lines.
    """

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    Args:
        findings: in the order of targets and checks.
        seed: seed of the run.
        effort: effort of the run.
        environment: versions that the numbers were made with.
        seconds: wall time of the run.
        stopped: why the run ended before everything was checked; "" where it did not.
        unchecked: names of the targets that were not reached.
        sources: text of the functions that failures point at.
    """

    findings: tuple[Finding, ...]
    seed: int = 0
    effort: str = "standard"
    environment: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    stopped: str = ""
    unchecked: tuple[str, ...] = ()
    sources: tuple[SourceText, ...] = ()

    @property
    def ok(self) -> bool:
        """True only if something was checked, all of it, and nothing is wrong or inconclusive that was not accepted."""
        return self.exit_code == 0

    @property
    def verdict(self) -> Verdict:
        """The worst verdict; INCONCLUSIVE where nothing was checked."""
        verdicts = [finding.verdict for finding in self.findings]
        return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.INCONCLUSIVE)

    @property
    def exit_code(self) -> int:
        """0 verified · 1 something is wrong · 4 something stayed inconclusive · 5 nothing was checked."""
        if not self.findings:
            return 5
        verdicts = {finding.verdict for finding in self.findings if not finding.accepted}
        if any(verdict.wrong for verdict in verdicts):
            return 1
        return 4 if self.stopped or Verdict.INCONCLUSIVE in verdicts else 0

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings that say something is wrong, those that were accepted included."""
        return tuple(finding for finding in self.findings if finding.verdict.wrong)

    @property
    def culprits(self) -> tuple[tuple[str, str], ...]:
        """(layer, quantity) whose own derivative is wrong, in the order of the report.

        A fault of what a model does between its layers is ("wiring", "1 ReLU → 2 Dense").
        """
        return _distinct(
            finding.quantity
            for finding in self.failures
            if (finding.role == "local" and not finding.of_the_audit)
            or (finding.layer == "wiring" and not finding.part_of)
        )

    @property
    def contaminated(self) -> tuple[tuple[str, str], ...]:
        """(layer, quantity) wrong end to end only, because a culprit sits above."""
        culprits = set(self.culprits)
        heirs = (f for f in self.failures if f.role != "local" and f.check != "model.split")
        wrong = _distinct(finding.quantity for finding in heirs)
        return tuple(quantity for quantity in wrong if quantity not in culprits and quantity[1] != _WHOLE)

    def to_json(self) -> str:
        """Return the report as versioned JSON; `from_json` gives it back exactly, NaN and infinities included."""
        from gradcheck.report.wire import encode  # renderers are loaded when they are used

        return encode(self)

    @staticmethod
    def from_json(text: str | bytes, *, origin: str = "the report") -> Report:
        """Read what `to_json` wrote.

        Args:
            text: JSON.
            origin: what to call it in messages, e.g. its path.
        Raises:
            ConfigurationError: it is not JSON, not a report, of another version, or holds something unknown.
        """
        from gradcheck.report.wire import decode

        return decode(text, origin)

    def to_text(self, *, width: int = 100, color: bool = False) -> str:
        """Return what the terminal shows."""
        from gradcheck.report.terminal import render

        return render(self, width=width, color=color)

    def to_html(self) -> str:
        """Return one self-contained page."""
        from gradcheck.report.html import render

        return render(self)

    def to_markdown(self) -> str:
        """Return GitHub-flavoured Markdown of less than 1 MiB."""
        from gradcheck.report.markdown import render

        return render(self)

    def to_junit(self) -> str:
        """Return JUnit XML, one case a check."""
        from gradcheck.report.junit import render

        return render(self)

    def to_sarif(self) -> str:
        """Return SARIF 2.1.0."""
        from gradcheck.report.sarif import render

        return render(self)

    def to_github(self) -> str:
        """Return GitHub's workflow commands, one annotation a failing row."""
        from gradcheck.report.github import render

        return render(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from gradcheck.report.html import embed

        return embed(self)

    def __str__(self) -> str:
        """Return the verdict and every failure's message."""
        lines = [f"{self.verdict}: {len(self.findings)} findings, {len(self.failures)} wrong"]
        lines += [finding.message for finding in self.findings if finding.verdict.severity >= 2]
        return "\n".join(lines)


def _distinct(quantities: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(quantities))
