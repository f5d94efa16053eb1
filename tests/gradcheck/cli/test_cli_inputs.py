"""A thing that is no target is checked at inputs described on the command line, or by a mark where it stands."""

import shlex

import pytest

from gradcheck import Report

THINGS = """
import numpy as np

import gradcheck


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, 0.5 * (x.T @ dout), dout.sum(0)


@gradcheck.at(x="4x3:positive")
def logarithm(x):
    return np.log(x), lambda dy: dy / x


def summed(x, params):
    return x @ params["W"] + params["b"], lambda dy: (dy @ params["W"].T, {"W": x.T @ dy, "b": dy.sum(0)})


class Layer:
    def __init__(self):
        self.W = np.linspace(-1.0, 1.0, 15).reshape(3, 5)

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T
"""
AFFINE = ("--input", "x=4x3", "--input", "w=3x5", "--input", "b=5")


@pytest.fixture
def things(project):
    (project / "things.py").write_text(THINGS)
    (project / "plain.py").write_text(THINGS[: THINGS.index("@gradcheck.at")].replace("import gradcheck\n", ""))
    return project


def test_a_pair_of_functions_is_wrong_where_it_is(gradcheck, things):
    done = gradcheck("things.py:affine_forward", *AFFINE)
    assert done.returncode == 1, done.stderr
    assert "WRONG: 1 of 3 rows is red, 1 is the cause (affine_forward: w)" in done.stdout


def test_the_line_that_reproduces_carries_the_inputs_and_runs(gradcheck, things):
    report = Report.from_json(gradcheck("things:affine_forward", *AFFINE, "--format", "json").stdout)
    words = shlex.split(report.failures[0].reproduce)
    assert words[:3] == ["python", "-m", "gradcheck"]
    again = gradcheck(*words[3:])
    assert again.returncode == 1, again.stderr
    assert "affine_forward: w  DISAGREES" in again.stdout


def test_workers_draw_the_same_inputs(gradcheck, things):
    command = ("things:Layer", "things.py:Layer", "--input", "x=4x3", "--format", "json")
    found = [Report.from_json(gradcheck(*command, *jobs).stdout).findings for jobs in ((), ("-j", "2"))]
    told = [[(f.target, f.check, f.wrt, f.claimed, f.measured) for f in findings] for findings in found]
    assert told[0] == told[1]
    assert len(told[0]) > 10


def test_nested_inputs_and_values_are_handed_on(gradcheck, things):
    done = gradcheck("things:summed", "--input", "x=4x3", "--input", "params.W=3x5", "--input", "params.b=5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "params.W" in done.stdout


def test_a_mark_is_found_in_its_module(gradcheck, things):
    done = gradcheck("things.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED: 1 row" in done.stdout
    assert "logarithm" in done.stdout


def test_inputs_of_the_command_line_come_before_those_of_a_mark(gradcheck, things):
    done = gradcheck("things:logarithm", "--input", "x=2x7:unit", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert all("--input x=2x7:unit" in f.reproduce for f in Report.from_json(done.stdout).findings if f.reproduce)


def test_a_module_that_offers_nothing_says_what_can_be_checked(gradcheck, things):
    done = gradcheck("plain.py")
    assert done.returncode == 5
    assert "python -m gradcheck plain.py:affine_forward --input x=8x16 --input w=8x16 --input b=8x16" in done.stderr


REFUSED = {
    "no inputs": (["things:Layer"], "things:Layer: say at which inputs it is to be checked: --input x=8x16"),
    "no inputs of a function": (["things:affine_forward"], "--input x=8x16 --input w=8x16 --input b=8x16"),
    "an input is missing": (["things:affine_forward", *AFFINE[:4]], "needs b; it takes x, w, b: --input b="),
    "an unknown input": (["things:Layer", "--input", "z=3"], "Layer has no input 'z'; it takes x: --input x="),
    "twice": (["things:Layer", "--input", "x=4x3", "--input", "x=5x3"], "--input x is given twice"),
    "a module": (["things", "--input", "x=4x3"], "inputs are given to an object, package.module:thing"),
    "no target": (["--input", "x=4x3"], "Expected a TARGET beside --input"),
    "a bad word": (["things:Layer", "--input", "x=4x3:NaN"], "but got 'NaN'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_checked_is_a_usage_error_with_what_to_write(gradcheck, things, case):
    arguments, message = REFUSED[case]
    done = gradcheck(*arguments)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_raises_at_the_inputs_is_wrong_not_unloadable(gradcheck, things):
    done = gradcheck("things:affine_forward", "--input", "x=4x3", "--input", "w=4x5", "--input", "b=5")
    assert done.returncode == 1
    assert "RAISED" in done.stdout
    assert "ValueError: matmul" in " ".join(done.stdout.split())
