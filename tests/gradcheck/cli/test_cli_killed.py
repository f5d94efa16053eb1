"""An audit that is killed leaves the old files or the new ones, and nothing running."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from cli_project import FAULTY, ROOT

from gradcheck.report import Report

OLD = '{"format": "gradcheck-baseline", "version": 1, "accepted": {"gone": "old"}}'
WAIT = "import pathlib, time; pathlib.Path('reached').touch(); time.sleep(60)"
OUTPUTS = ("--report", "json:r.json", "--report", "html:r.html", "--baseline", "known.json", "--baseline-update")


def started(project, *arguments):
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, child):
    for _ in range(6000):
        if condition():
            return
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)
    pytest.fail("a minute has passed")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_audit_that_is_killed_at_work_leaves_the_old_files_and_no_process(project, jobs):
    (project / "slow.py").write_text(FAULTY.replace("return np.maximum", f"{WAIT}; return np.maximum"))
    old = {"r.json": "old report", "r.html": "old page", "known.json": OLD}
    for name, text in old.items():
        (project / name).write_text(text)
    child = started(project, "-m", "gradcheck", "check", "slow", "-j", jobs, *OUTPUTS)
    wait_for((project / "reached").exists, child)
    child.kill()
    child.communicate(timeout=30)  # ends when the last process that holds the pipe has ended, workers too
    assert {name: (project / name).read_text() for name in old} == old
    assert not [p.name for p in project.iterdir() if p.name.startswith(".")]


def test_an_audit_that_is_killed_between_two_files_leaves_whole_ones(project):
    (project / "r.html").write_text("old page")
    (project / "known.json").write_text(OLD)
    child = started(project, "-m", "gradcheck", "check", "faulty", "--effort", "quick", *OUTPUTS)
    wait_for((project / "r.json").exists, child)
    child.kill()
    child.communicate(timeout=30)
    assert Report.from_json((project / "r.json").read_text()).exit_code == 1
    page = (project / "r.html").read_text()
    assert page == "old page" or page.rstrip().endswith("</html>")
    assert '"accepted": {}' in (project / "known.json").read_text()  # written before the reports that tell of it


def test_a_writer_that_is_killed_at_random_leaves_one_of_its_texts(project):
    """Most of this process's time is spent inside `place`, so that many of these kills fall into a write."""
    code = (
        "from pathlib import Path\nfrom gradcheck.report.write import place\n"
        "texts = ['a' * 3_000_000, 'b' * 2_000_000]\nprint('ready', flush=True)\n"
        "while True:\n    for text in texts:\n        place(text, Path('out.txt'))\n"
    )
    moments = random.Random(0)
    for _ in range(4):
        child = started(project, "-c", code)
        assert child.stdout.readline() == "ready\n"
        wait_for((project / "out.txt").exists, child)
        time.sleep(moments.uniform(0, 0.2))
        child.kill()
        child.communicate(timeout=30)
        text = (project / "out.txt").read_text()
        assert (len(text), set(text)) in [(3_000_000, {"a"}), (2_000_000, {"b"})]


def test_a_job_that_is_cancelled_gives_a_partial_report_of_its_workers_findings(project):
    (project / "slow.py").write_text(FAULTY.replace("return np.maximum", f"{WAIT}; return np.maximum"))
    child = started(project, "-m", "gradcheck", "check", "slow", "-j", "2", "--report", "json:r.json")
    wait_for((project / "reached").exists, child)
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=30)
    assert re.search(r"stopped before \d targets?: ended by SIGTERM", " ".join(out.split())), err
    report = Report.from_json((project / "r.json").read_text())
    assert "Relu" in report.unchecked
    assert child.returncode == (1 if report.findings else 5)
