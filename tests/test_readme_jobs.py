"""The jobs that the README shows for GitHub and GitLab work as printed, up to the runner."""

import os
import sys
import xml.etree.ElementTree as ET

import pytest

from tests import examples

yaml = pytest.importorskip("yaml", reason="comes with the extra gradcheck[dask]")

README = (examples.ROOT / "README.md").read_text("utf-8")
GITHUB, GITLAB = (block.text for block in examples.markdown(README) if block.language == "yaml")
LAYERS = """
import numpy as np


class Square:
    def __call__(self, x):
        return x**2

    def grad(self, x):
        return x  # half of it


def gradcheck_targets():
    yield {"adapt": "activation", "act": Square(), "x": np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])}
"""


@pytest.fixture
def checkout(tmp_path):
    """A project as a runner checks it out, and a PATH on which `pip install .` has nothing left to do."""
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "pyproject.toml").write_text('[tool.gradcheck]\ntargets = ["layers"]\n')
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, does in (("pip", 'test "$*" = "install ."'), ("python", f'exec "{sys.executable}" "$@"')):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    return tmp_path


def run(checkout, script, **variables):
    """Run a script as the runners do: a shell that stops at the first failure."""
    path = f"{checkout / 'programs'}{os.pathsep}{os.environ['PATH']}"
    return examples.run("sh", "-e", "-c", script, cwd=checkout, **{"PATH": path, "CI": "true", **variables})


def test_the_job_for_github_annotates_the_line_and_writes_the_summary(checkout):
    workflow = yaml.safe_load(GITHUB)
    assert workflow[True] == ["push", "pull_request"]  # YAML 1.1 reads the key `on` as true; GitHub does not
    ((name, job),) = workflow["jobs"].items()
    body = GITHUB[GITHUB.index(f"{name}:") :].rstrip().splitlines()
    assert len(body) == 1 + 5
    assert set(job) == {"runs-on", "container", "steps"}
    assert [set(step) for step in job["steps"]] == [{"uses"}, {"run"}]

    summary = checkout / "summary.md"
    summary.write_text("an earlier step\n")
    done = run(
        checkout,
        job["steps"][1]["run"],
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_WORKSPACE=str(checkout),
        GITHUB_REPOSITORY="somebody/something",
        GITHUB_EVENT_NAME="pull_request",
        GITHUB_REF="refs/pull/7/merge",
        GITHUB_SHA="0123456789012345678901234567890123456789",
        RUNNER_OS="Linux",
    )
    assert done.returncode == 1, done.stderr
    commands = done.stderr.splitlines()
    assert commands[0].startswith("::error file=layers.py,line=9,title=Square%3A x DISAGREES::")
    assert commands[1].startswith("::error title=gradcheck::WRONG: 1 of ")
    assert len(commands) == 2
    assert done.stdout.splitlines()[-1].startswith("WRONG: 1 of ")
    assert "::error" not in done.stdout
    assert summary.read_text().startswith("an earlier step\n## ❌ WRONG: 1 of ")

    (checkout / "layers.py").write_text(LAYERS.replace("return x  # half of it", "return 2 * x"))
    done = run(checkout, job["steps"][1]["run"], GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("::notice title=gradcheck::VERIFIED: ")
    assert "\n## ✅ VERIFIED" in summary.read_text()


def test_the_job_for_gitlab_writes_the_cases_that_it_keeps(checkout):
    ((name, job),) = yaml.safe_load(GITLAB).items()
    assert len(GITLAB[GITLAB.index(f"{name}:") :].rstrip().splitlines()) == 5
    assert set(job) == {"image", "script", "artifacts"}
    done = run(checkout, "\n".join(job["script"]), GITLAB_CI="true", CI_PROJECT_DIR=str(checkout))
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert job["artifacts"]["when"] == "always"  # a failing job's cases are those that matter
    cases = ET.parse(checkout / job["artifacts"]["reports"]["junit"]).getroot().findall("testsuite/testcase")
    assert {case.get("classname") for case in cases if case.find("failure") is not None} == {"Square"}
    keys = [(case.get("classname"), case.get("name")) for case in cases]
    assert len(keys) == len(set(keys))


def test_a_summary_that_cannot_be_written_or_has_no_room_does_not_cost_the_verdict(checkout):
    full = checkout / "full.md"
    full.write_text("x" * (1 << 20))
    nearly = checkout / "nearly.md"
    nearly.write_text("x" * ((1 << 20) - 5000))
    for summary, left in ((checkout / "nowhere" / "s.md", None), (full, 0), (nearly, 5000)):
        before = summary.stat().st_size if summary.exists() else 0
        done = run(checkout, "python -m gradcheck", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 1, done.stderr
        assert "WRONG: 1 of" in done.stdout
        if left is None:
            assert f"gradcheck: no summary was written to {summary}: No such file or directory" in done.stderr
        else:
            assert min(1, left) <= summary.stat().st_size - before <= left
