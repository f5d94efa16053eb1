"""Counterexamples on the command line: asked for, written into the report, run again, found mended or not."""

import json
import os
import subprocess
import sys

import numpy as np

import gradcheck as package
from gradcheck import adapt
from gradcheck.report import Report


def small_of(project):
    findings = Report.from_json((project / "a.json").read_bytes()).findings
    return next(f.counterexample for f in findings if f.counterexample is not None)


def test_a_counterexample_is_printed_saved_run_again_and_found_mended(gradcheck, project):
    done = gradcheck("check", "faulty", "--counterexample", "--report", "json:a.json", "--report", "html:a.html")
    assert done.returncode == 1
    code = small_of(project).code
    assert code in done.stdout  # whole lines from the first column: it can be copied as it stands
    assert "from faulty import Dense\n\nlayer = Dense(n_in=1, n_out=1)\nx = np.array([[1.0], [0.0]])\n" in code
    assert "Smallest counterexample" in (project / "a.html").read_text()

    pasted = [sys.executable, "-c", code]
    shown = subprocess.run(pasted, cwd=project, capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout == "claimed +0.5, measured +1\n"

    again = gradcheck("replay", "a.json")
    assert again.returncode == 1
    last = again.stdout.splitlines()[-1]
    assert last.startswith("counterexample of Dense[3,5]:W [gradient.entries]: still failing; ")
    assert "W[0, 0] claimed +0.5, measured +1 " in last

    (project / "faulty.py").write_text((project / "faulty.py").read_text().replace(" / len(x)", ""))
    mended = gradcheck("replay", "a.json")
    assert mended.returncode == 0
    line = "counterexample of Dense[3,5]:W [gradient.entries]: fixed; W[0, 0] claimed +1, measured +1"
    assert mended.stdout.splitlines()[-1] == line


def test_a_mend_for_the_audited_sizes_alone_is_seen_through(gradcheck, project):
    """Divided by the batch unless that is 4, as audited: the target agrees, the counterexample still fails."""
    gradcheck("check", "faulty", "--counterexample", "--report", "json:a.json")
    text = (project / "faulty.py").read_text()
    (project / "faulty.py").write_text(text.replace("/ len(x)", "/ (1 if len(x) == 4 else len(x))"))
    done = gradcheck("replay", "a.json")
    assert "VERIFIED" in done.stdout
    assert "still failing" in done.stdout
    assert done.returncode == 1


def test_a_case_that_todays_code_does_not_take_is_open(gradcheck, project):
    gradcheck("check", "faulty", "--counterexample", "--report", "json:a.json")
    text = (project / "faulty.py").read_text()
    refusing = text.replace("        self.n_in, self.n_out", "        assert n_in > 1\n        self.n_in, self.n_out")
    (project / "faulty.py").write_text(refusing)
    lines = gradcheck("replay", "a.json").stdout.splitlines()
    assert lines[-1].endswith(": open; the case cannot be made any more: AssertionError: ")
    (project / "faulty.py").write_text(text.replace('"name": "Dense[3,5]"', '"name": "Other"'))
    assert "open; no target has this name any more" in gradcheck("replay", "a.json").stdout


def test_it_is_not_computed_unless_asked_for_or_thorough(gradcheck, project):
    for words, there in (((), False), (("--effort", "thorough"), True), (("--no-counterexample",), False)):
        gradcheck("check", "faulty", "--only", "Dense[3,5]:W", "--report", "json:a.json", *words)
        findings = json.loads((project / "a.json").read_text())["findings"]
        assert any("counterexample" in finding for finding in findings) is there


def test_a_report_of_a_test_run_says_how_to_check_again(gradcheck, project, monkeypatch):
    monkeypatch.setitem(os.environ, "PYTEST_CURRENT_TEST", "test_x.py::test_y (call)")
    target = adapt.vjp(lambda x: x**2, lambda inputs, u: (u * inputs[0],), np.array([0.5, -2.0, 3.0]))
    try:
        package.assert_agrees(target)
    except package.GradientMismatch as error:
        (project / "a.json").write_text(error.report.to_json())
    done = gradcheck("replay", "a.json")
    assert done.returncode == 5
    assert "a.json is not of the command line; to check again: python -m pytest test_x.py::test_y" in done.stderr
