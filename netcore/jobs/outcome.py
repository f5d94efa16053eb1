"""What a job says when it is done."""

from dataclasses import dataclass
from pathlib import Path

from netcore.history import History
from netcore.jobs.auditing import Audit
from netcore.jobs.curves import spark, svg


@dataclass(frozen=True)
class Outcome:
    """One trained model.

    Args:
        title: of the job.
        facts: what there is to know, in order: ("parameters", "6 170") ...
        history: of the training.
        audits: of its gradients, in order; None where no checker is installed.
        passed: whether the job reached what it is meant to reach.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    history: History
    audits: tuple[Audit, ...] | None
    passed: bool

    @property
    def ok(self) -> bool:
        """Return whether the job passed and no audit found anything."""
        return self.passed and all(audit.ok for audit in self.audits or ())


def text(outcome: Outcome) -> str:
    """Return the report for a terminal."""
    history = outcome.history
    lines = [outcome.title, ""]
    lines += [f"  {name:<18} {value}" for name, value in outcome.facts]
    for name, values in curves(history).items():
        lines.append(f"  {name:<18} {spark(values)}  {values[0]:.4g} → {values[-1]:.4g}")
    return "\n".join([*lines, f"  {'audits':<18} {audit_line(outcome)}"])


def markdown(outcome: Outcome, picture: str) -> str:
    """Return the report as a page; `picture` is the address of its learning curve."""
    rows = [f"| {name} | {value} |" for name, value in (*outcome.facts, ("audits", audit_line(outcome)))]
    page = [f"# {outcome.title}", "", "| | |", "| --- | --- |", *rows, "", f"![Learning curve]({picture})", ""]
    if outcome.audits:
        page += ["| step | parts | verdict | culprits | seconds |", "| ---: | --- | --- | --- | ---: |"]
        page += [
            f"| {a.step} | {', '.join(a.parts)} | {a.verdict} | {', '.join(a.culprits) or '–'} | {a.seconds:.2f} |"
            for a in outcome.audits
        ]
    return "\n".join([*page, ""])


def write(outcome: Outcome, folder: Path) -> None:
    """Write report.md and curve.svg into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curve.svg").write_text(svg(curves(outcome.history), outcome.title), encoding="utf-8")
    (folder / "report.md").write_text(markdown(outcome, "curve.svg"), encoding="utf-8")


def curves(history: History) -> dict[str, list[float]]:
    """Return the curves that there are, by name."""
    found = {"training loss": history.loss, "held-out loss": history.validation}
    return {name: values for name, values in found.items() if values}


def audit_line(outcome: Outcome) -> str:
    """Return one line: how many audits, what they found, what they cost."""
    if outcome.audits is None:
        return "none: no checker is installed"
    history, wrong = outcome.history, [a for a in outcome.audits if not a.ok]
    share = history.hook_seconds / history.seconds if history.seconds else 0.0
    cost = f"{history.hook_seconds:.1f} s, {share:.0%} of the time"
    if not wrong:
        parts = {part for audit in outcome.audits for part in audit.parts}
        return f"{len(outcome.audits)} of a few parts each, every gradient of all {len(parts)} verified ({cost})"
    first = wrong[0]
    found = " ".join([first.verdict, f"at step {first.step}", *first.culprits])
    return f"{len(wrong)} of {len(outcome.audits)} not verified, first {found} ({cost})"
