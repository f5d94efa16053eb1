"""All findings of one run, and what follows from them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gradcheck.compare import Verdict
from gradcheck.report.finding import Finding

__all__ = ["Report"]

_WHOLE = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    Args:
        findings: in the order of targets and checks.
        seed: seed of the run.
        effort: effort of the run.
        environment: versions that the numbers were made with.
        seconds: wall time of the run.
    """

    findings: tuple[Finding, ...]
    seed: int = 0
    effort: str = "standard"
    environment: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """True only if something was checked and nothing disagrees, is malformed, raised or is inconclusive."""
        return bool(self.findings) and self.verdict in (Verdict.AGREES, Verdict.KINK)

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
        if self.verdict.wrong:
            return 1
        return 4 if self.verdict is Verdict.INCONCLUSIVE else 0

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings that say something is wrong."""
        return tuple(finding for finding in self.findings if finding.verdict.wrong)

    @property
    def culprits(self) -> tuple[tuple[str, str], ...]:
        """(layer, quantity) whose own derivative is wrong, in the order of the report."""
        return _distinct(finding.quantity for finding in self.failures if finding.role == "local")

    @property
    def contaminated(self) -> tuple[tuple[str, str], ...]:
        """(layer, quantity) wrong end to end only, because a culprit sits above."""
        culprits = set(self.culprits)
        wrong = _distinct(finding.quantity for finding in self.failures if finding.role != "local")
        return tuple(quantity for quantity in wrong if quantity not in culprits and quantity[1] != _WHOLE)

    def __str__(self) -> str:
        """Return the verdict and every failure's message."""
        lines = [f"{self.verdict}: {len(self.findings)} findings, {len(self.failures)} wrong"]
        lines += [finding.message for finding in self.findings if finding.verdict.severity >= 2]
        return "\n".join(lines)


def _distinct(quantities: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(quantities))
