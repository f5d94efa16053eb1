"""The pytest plugin, from outside: what a test run prints, writes and imports."""

import json
import re

import pytest

LAYERS = """
import numpy as np

x = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])


def sin(factor, name="sin"):
    backward = lambda a, u: (factor * u * np.cos(a[0]),)
    return {"adapt": "vjp", "name": name, "forward": np.sin, "inputs": (x,), "vjp": backward}


def gradcheck_targets():
    yield sin(1, "right")
    yield sin(3, "wrong")
"""

TESTS = """
import numpy as np
import gradcheck
from gradcheck import adapt

import layers


def target(factor, name="sin"):
    return adapt.vjp(np.sin, lambda a, u: (factor * u * np.cos(a[0]),), layers.x, names=("x",), name=name)


def test_right():
    gradcheck.assert_agrees(target(1))


def test_wrong():
    gradcheck.assert_agrees(target(3))


@gradcheck.parametrize("layers", expected_failures={"wrong": "a factor of three, known"})
def test_layers(target):
    gradcheck.assert_agrees(target)
"""


ANYWHERE = """
import numpy as np
import gradcheck
from gradcheck import adapt


def backward(inputs, u):
    x = inputs[0]
    return (u * np.cos(x) * np.where(x < 1, 1.0, 1.5),)  # wrong from 1 on, where points shrink to


@gradcheck.given(adapt.vjp(np.sin, backward, np.array([1.4]), names=("x",), name="sin"), examples=10)
def test_anywhere(target):
    gradcheck.assert_agrees(target, effort="quick")
"""


@pytest.fixture
def run(tmp_path, run_pytest):
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "test_it.py").write_text(TESTS)

    def call(*arguments, text=None):
        if text is not None:
            (tmp_path / "test_it.py").write_text(text)
        return run_pytest(*arguments)

    return call


def test_a_failure_is_told_in_eight_lines_and_ends_in_the_users_code(run):
    done = run("-k", "test_wrong")
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("E  ")]
    assert 3 <= len(errors) <= 8
    assert "gradcheck.errors.GradientMismatch: WRONG: 1 of 1 row is red" in errors[0]
    assert any(
        re.search(r"sin: x DISAGREES \[gradient.entries\] x\[.*\] claimed .*, measured .* ± ", e) for e in errors
    )
    assert any("reproduce: python -m pytest test_it.py::test_wrong" in line for line in errors)
    places = re.findall(r"^(\S+\.py):\d+: (?:GradientMismatch)?", done.stdout, re.M)
    assert places
    assert set(places) == {"test_it.py"}
    assert re.search(r"^test_it\.py:\d+: GradientMismatch", done.stdout, re.M)


def test_many_failures_still_fit_into_eight_lines(run):
    text = TESTS + "\ndef test_many():\n    gradcheck.assert_agrees([target(3, f't{i}') for i in range(20)])\n"
    done = run("-k", "test_many", text=text)
    errors = [line for line in done.stdout.splitlines() if line.startswith("E  ")]
    assert len(errors) <= 8
    assert any("and 16 more rows" in line for line in errors)


def test_of_hypothesis_points_one_is_shown_and_a_wrong_one_is_not_shrunk_to_an_open_one(run):
    """At 1 itself the backward jumps, so that a gap there cannot be confirmed; it is no smaller case of a mistake."""
    done = run("test_it.py", text=ANYWHERE)
    assert done.returncode == 1
    rows = [line for line in done.stdout.partition("= gradcheck =")[2].splitlines() if line.startswith("sin ")]
    assert len(rows) == 1, done.stdout
    assert "DISAGREES" in rows[0]
    assert "sin: x DISAGREES" in done.stdout


def test_the_terminal_has_a_section_with_the_worst_check_of_each_layer(run):
    done = run()
    section = done.stdout[done.stdout.index(" gradcheck =") :]
    assert re.search(r"^sin +x +agrees", section, re.M)
    assert re.search(r"^sin \(test_it\.py::test_wrong, 2\) +x +DISAGREES", section, re.M)
    assert "WRONG: 2 of 4 rows are red" in section
    assert "= gradcheck =" not in run("--gradcheck-rows", "none").stdout


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_reports_are_written_from_a_run_also_under_xdist(run, tmp_path, arguments):
    done = run(*arguments, "--gradcheck-report", "json:out/r.json", "--gradcheck-report", "junit:r.xml")
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "out" / "r.json").read_text())
    verdicts = sorted({(f["target"].split()[0], f["verdict"]) for f in report["findings"] if f["wrt"]})
    assert verdicts == [("right", "AGREES"), ("sin", "AGREES"), ("sin", "DISAGREES"), ("wrong", "DISAGREES")]
    assert (tmp_path / "r.xml").read_text().startswith("<?xml")
    assert "WRONG: 2 of 4 rows are red" in done.stdout


def test_a_report_that_cannot_be_meant_is_refused_before_any_test_runs(run):
    done = run("--gradcheck-report", "htm:r.html")
    assert done.returncode == 4
    assert "Expected --gradcheck-report KIND:PATH with KIND one of json" in done.stderr


def test_seed_and_effort_of_the_run_reach_checks_that_name_none(run, tmp_path):
    run("-k", "test_right", "--gradcheck-seed", "9", "--gradcheck-effort", "quick", "--gradcheck-report", "json:r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["seed"], report["effort"]) == (9, "quick")
    named = TESTS.replace("gradcheck.assert_agrees(target(1))", "gradcheck.assert_agrees(target(1), seed=4)")
    run("-k", "test_right", "--gradcheck-seed", "9", "--gradcheck-report", "json:r.json", text=named)
    assert json.loads((tmp_path / "r.json").read_text())["seed"] == 4


def test_the_session_fixture_gives_what_was_found_so_far(run):
    names = "{f.target for f in gradcheck_report().findings}"
    text = f"{TESTS}\ndef test_z(gradcheck_report):\n    assert {names} == {{'sin'}}\n"
    assert run("-k", "test_right or test_z", text=text).returncode == 0


def test_expected_failures_of_one_call_are_findings_with_reasons(run):
    text = TESTS + (
        "\ndef test_known():\n"
        "    known = {'sin:x:gradient.direction': 'k', 'sin:x:gradient.entries': 'k'}\n"
        "    gradcheck.assert_agrees(target(3), expected_failures=known)\n"
        "\ndef test_stale():\n"
        "    gradcheck.assert_agrees(target(1), expected_failures={'sin:x:gradient.entries': 'k'})\n"
    )
    done = run("-k", "test_known or test_stale", "-rA", text=text)
    assert "PASSED test_it.py::test_known" in done.stdout
    assert "FAILED test_it.py::test_stale" in done.stdout
    assert "is accepted in expected_failures but agrees" in done.stdout


def test_hypothesis_examples_of_one_test_are_one_row(run):
    text = (
        "import numpy as np\nimport gradcheck\nfrom gradcheck import adapt\nfrom layers import x\n"
        "right = adapt.vjp(np.sin, lambda a, u: (u * np.cos(a[0]),), x, names=('x',), name='sin')\n"
        "@gradcheck.given(right, examples=4)\n"
        "def test_it(target):\n    gradcheck.assert_agrees(target, effort='quick')\n"
    )
    done = run("--gradcheck-rows", "all", text=text)
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r"^sin", done.stdout, re.M)) == 1
    assert "VERIFIED: 1 row agree" in done.stdout


def test_a_run_that_checks_nothing_imports_no_numpy_and_prints_nothing(run):
    text = "import sys\ndef test_it():\n    assert not {'numpy', 'scipy', 'rich', 'msgspec'} & set(sys.modules)\n"
    done = run(text=text)
    assert done.returncode == 0, done.stdout
    assert "gradcheck" not in done.stdout.replace("gradcheck.pytest_plugin", "")
