"""Make every report in this folder anew: `python reports/reproduce.py`, from the root of the repository.

Each subject is audited once; its JSON report is rendered as a page and as Markdown. Nothing here is edited by hand.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gradcheck.report import Report
from gradcheck.report.rows import headline
from gradcheck.report.text import plural

ROOT = Path(__file__).parent
SUBJECTS = {
    "netcore": (
        "netcore",
        "The network core that comes with gradcheck: every layer, activation, loss and some models.",
    ),
    "notebook": (
        "tests/planted/notebook.py",
        "The network of the notebook that this project starts from, as it was written: MSE.grad and LogLoss.grad are "
        "not the derivatives of what the call returns, and Layer.backward averages over the batch. With two outputs "
        "the two faults cancel end to end.",
    ),
}
KINDS = {"json": "report.json", "html": "report.html", "markdown": "report.md"}


def main() -> None:
    """Audit every subject and write the index."""
    for name, (target, _) in SUBJECTS.items():
        folder = ROOT / name
        outputs = [f"--report={kind}:{folder / file}" for kind, file in KINDS.items()]
        command = [sys.executable, "-m", "gradcheck", target, "--seed=0", "--format=concise", *outputs]
        done = subprocess.run(command, cwd=ROOT.parent, check=False)
        if done.returncode not in (0, 1, 4):
            sys.exit(done.returncode)
    (ROOT / "README.md").write_text(index(), encoding="utf-8")


def index() -> str:
    """Return the index, from the JSON reports alone."""
    lines = [
        "# Reports",
        "",
        "What gradcheck says of code; made by `python reports/reproduce.py`, never edited by hand. The page of each",
        "report opens in a browser without a network; the JSON is what all else is rendered from.",
        "",
    ]
    for name, (target, told) in SUBJECTS.items():
        report = Report.from_json((ROOT / name / "report.json").read_bytes(), origin=name)
        targets = plural(len({finding.target for finding in report.findings}), "target")
        answers = plural(len(report.findings), "answer")
        lines += [
            f"## {name}",
            "",
            told,
            "",
            f"`python -m gradcheck {target}` examined {targets} ({answers}) in {report.seconds:.0f} s:",
            "",
            f"> {headline(report)}",
            "",
            f"[page]({name}/report.html) · [Markdown]({name}/report.md) · [JSON]({name}/report.json)",
            "",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
