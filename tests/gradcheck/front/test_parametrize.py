"""`gradcheck.parametrize`, from outside: one test a target and check, and one target again in what is reported."""

import json
import re
from itertools import pairwise

import pytest

import gradcheck
from gradcheck import Report, Verdict
from gradcheck.checks import checks_for
from gradcheck.discover import targets_of

LAYERS = """
import numpy as np

x = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])


def sin(name, backward):
    return {"adapt": "vjp", "name": name, "forward": np.sin, "inputs": (x,), "names": ("x",), "vjp": backward}


right = sin("right", lambda a, u: (u * np.cos(a[0]),))
wrong = sin("wrong", lambda a, u: (3 * u * np.cos(a[0]),))
flat = sin("flat", lambda a, u: ((u * np.cos(a[0])).ravel(),))


def raises(a, u):
    raise KeyError("cache")


class Fixed:
    def __call__(self, z):
        return np.sin(z.ravel()[:6].reshape(2, 3))  # of any number of points the first six

    def grad(self, z):
        return np.cos(z)


raising = sin("raising", raises)
fixed = {"adapt": "activation", "name": "fixed", "act": Fixed(), "x": x}


def network():
    # that this project began with: its layers divide by the batch, its loss leaves out 2 / (batch · outputs)
    from tests.planted.notebook import Model, X, Y

    return {"adapt": "model", "model": Model([3, 4, 3], seed=7), "x": X * 1.0, "y": Y[:, :1].repeat(3, 1) * 1.0}


targets = [right, wrong]
"""
TEST = """
import gradcheck
import layers


@gradcheck.parametrize({targets}, expected_failures={known})
def test_it(target):
    gradcheck.assert_agrees(target)
"""


@pytest.fixture
def run(tmp_path, run_pytest):
    (tmp_path / "layers.py").write_text(LAYERS)

    def call(targets, *arguments, known=None, text=TEST):
        (tmp_path / "test_it.py").write_text(text.format(targets=targets, known=known or {}))
        return run_pytest(*arguments, "--gradcheck-report", "json:r.json")

    return call


@pytest.fixture
def reported(tmp_path):
    return lambda: Report.from_json((tmp_path / "r.json").read_text())


@pytest.fixture
def layers(tmp_path, monkeypatch):
    """The same module here, to check as a whole."""
    (tmp_path / "layers.py").write_text(LAYERS)
    module = {}
    exec(compile(LAYERS, str(tmp_path / "layers.py"), "exec"), module)
    return module


def numbers(finding):
    """All but what it cost: a check that is asked alone measures again what an earlier one would have."""
    told = ("id", "verdict", "claimed", "measured", "error", "gap", "allowed", "resolution", "worst", "wrong")
    return tuple(getattr(finding, name) for name in (*told, "pattern", "curve", "part_of", "message"))


def outcomes(done):
    return dict(re.findall(r"^test_it\.py::test_it\[(.*)\] ([A-Z]+)", done.stdout, re.M))


def test_each_check_is_a_test_with_an_id_that_can_be_read(run, layers):
    done = run("layers.targets", "-v")
    assert done.returncode == 1
    checks = [check.id for check in checks_for(targets_of(layers["right"])[0])]
    assert list(outcomes(done)) == [f"{name}:{check}" for name in ("right", "wrong") for check in checks]
    assert [test for test, outcome in outcomes(done).items() if outcome != "PASSED"] == ["wrong:gradient"]
    assert run('"layers"', "-v", "-k", "right and shape").returncode == 0


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_the_tests_of_a_target_are_one_target_with_the_numbers_of_all_checks_together(run, reported, layers, arguments):
    done = run('"layers"', *arguments)
    whole = gradcheck.check(targets_of(layers["targets"]))
    assert [numbers(f) for f in reported().findings] == [numbers(f) for f in whole.findings]
    rows = done.stdout.partition("= gradcheck =")[2]
    assert re.findall(r"^(\S+) +x +(\S+)", rows, re.M) == [("right", "agrees"), ("wrong", "DISAGREES")]
    assert "WRONG: 1 of 2 rows is red, 1 is the cause (wrong: x)" in rows
    assert "reproduce: python -m pytest 'test_it.py::test_it[wrong:gradient]'" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_what_follows_from_a_network_as_a_whole_is_told_of_its_tests_together(run, reported, layers, arguments):
    run("[layers.network()]", *arguments)
    whole = gradcheck.check(targets_of(layers["network"]()))
    assert [numbers(f) for f in reported().findings] == [numbers(f) for f in whole.findings]
    [split] = [f for f in reported().findings if f.check == "model.split"]
    assert any(f.part_of == split.id for f in reported().findings)
    assert reported().culprits == whole.culprits


def test_a_network_end_to_end_alone_blames_no_layer(run, reported):
    """Its layers are checked in other tests: that they are not among the findings tells nothing."""
    done = run("[layers.network()]", "-k", "end and gradient")
    assert done.returncode == 1
    assert {f.check for f in reported().findings} == {"model.end_to_end"}
    assert reported().contaminated
    assert reported().culprits == ()


@pytest.mark.parametrize(
    ("known", "left"),
    [({"wrong:gradient": "a factor"}, "wrong:gradient"), ({"wrong": "a factor"}, "wrong")],
    ids=["check", "target"],
)
def test_an_expected_failure_is_a_check_or_a_whole_target_and_has_to_fail(run, reported, known, left):
    done = run("layers.targets", "-v", "-rx", known=known)
    assert done.returncode == 0, done.stdout
    assert [test for test, outcome in outcomes(done).items() if outcome == "XFAIL"] == [left]
    assert f"test_it[{left}] XFAIL (a factor)" in done.stdout
    assert len(outcomes(done)) == (34 if ":" in left else 18)
    assert {f.target for f in reported().findings} == {"right", "wrong"}
    done = run("layers.targets", known={left.replace("wrong", "right"): "so", **known})
    assert done.returncode == 1
    assert "XPASS(strict)" in done.stdout


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"wrogn": "a"}, "as 'target:check', in expected_failures but got 'wrogn'; did you mean 'wrong'?"),
        ({"wrong:gradeint": "a"}, "in expected_failures but got 'wrong:gradeint'; did you mean 'wrong:gradient'?"),
        ({"wrong": " "}, "Expected a reason for the expected failure 'wrong' but got none"),
        ({"wrong": "a", "wrong:gradient": "b"}, "Expected 'wrong:gradient' or 'wrong' in expected_failures but got"),
    ],
)
def test_an_expected_failure_that_cannot_be_meant_is_refused(run, known, said):
    done = run("layers.targets", known=known)
    assert done.returncode == 2
    assert said in done.stdout


def test_what_stands_in_the_way_of_a_check_fails_its_test_and_is_one_row(run, reported):
    """Nothing can be measured of a gradient of the wrong shape: its test is not green, and tells the shape."""
    done = run("[layers.flat]", "-v")
    failed = [test for test, outcome in outcomes(done).items() if outcome == "FAILED"]
    assert failed == ["flat:contract.shape", "flat:gradient"]
    assert done.stdout.count("gradient of x has shape (6,) where x has shape (2, 3)") >= 2
    assert [f.id for f in reported().failures] == ["flat:x:contract.shape"]


def test_an_exception_fails_every_test_that_it_stops_and_is_one_row(run, reported):
    done = run("[layers.raising]", "-v")
    passed = [test for test, outcome in outcomes(done).items() if outcome == "PASSED"]
    assert passed == [f"raising:value.{word}" for word in ("type", "finite", "mutation", "repeatable", "primal")]
    assert set(outcomes(done).values()) == {"PASSED", "FAILED"}
    assert [f.verdict for f in reported().failures] == [Verdict.RAISED]


def test_a_check_that_has_nothing_to_measure_is_skipped_with_its_name(run):
    done = run("[layers.fixed]", "-v", "-rs")
    assert done.returncode == 0, done.stdout
    assert [test for test, outcome in outcomes(done).items() if outcome == "SKIPPED"] == ["fixed:gradient.points"]
    assert "nothing to measure: gradient.points of fixed" in done.stdout


def test_another_test_and_another_parameter_check_the_same_target_anew(run, reported):
    text = TEST.replace("@grad", '@__import__("pytest").mark.parametrize("seed", [3, 5])\n@grad')
    text = text.replace("(target)", "(target, seed)", 1).replace("(target)\n", "(target, seed=seed)\n")
    done = run(
        "[layers.right]",
        text=text + "\n\n@gradcheck.parametrize([layers.right])\ndef test_too(target):\n"
        "    gradcheck.assert_agrees(target)\n",
    )
    assert done.returncode == 0, done.stdout
    names = list(dict.fromkeys(f.target for f in reported().findings))
    assert names == ["right", "right (test_it.py::test_it[5], 2)", "right (test_it.py::test_too, 3)"]
    ids = [json.dumps(f.id) for f in reported().findings]
    assert len(ids) == len(set(ids)) == 3 * 18
    directions = [f.claimed for f in reported().findings if f.check == "gradient.direction"]
    assert all(one != other for one, other in pairwise(directions))
