"""Planted mistakes shrink to what a person would write by hand, and stay the mistakes that they are."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from planted_small import Dense, dense, relu, relu_without_mask, targets

import gradcheck
from gradcheck import adapt
from gradcheck.counterexample import minimise
from gradcheck.counterexample.search import Budget
from gradcheck.report import Report
from gradcheck.settings import Settings

TARGETS = targets()
HERE = Path(__file__).parent

# name: (quantity, {input: (shape, values) as far as they are told}, cotangent, place, claimed, measured)
BY_HAND = {
    "mean for sum": ("W", {"x": ((2, 1), [1, 0]), "W": ((1, 1), [0]), "b": ((1, 1), [0])}, [1, 0], (0, 0), 0.5, 1),
    "one entry": ("W", {"x": ((1, 3), [0, 0, 1]), "W": ((3, 2), [0] * 6)}, [0, 1], (2, 1), 1.1, 1),
    "sign": ("x", {"x": ((1, 1), [0]), "W": ((1, 1), [1])}, [1], (0, 0), -1, 1),
    "scale": ("x", {"x": ((1, 1), [0])}, [1], (0, 0), 1, 3),
    "leaky_wrong_below": ("x", {"x": ((1, 1), [-1])}, [1], (0, 0), 0.3, 0.1),
    "leaky_two_mistakes": ("x", {"x": ((1, 1), [1])}, [1], (0, 0), -1, 1),
    "relu_without_mask": ("x", {"x": ((1, 1), [-1])}, [1], (0, 0), 1, 0),
    "relu_twice_at_zero_too": ("x", {"x": ((1, 1), [1])}, [1], (0, 0), 2, 1),
    "softmax_diagonal": ("x", {"x": ((1, 2), [0, 0])}, [1, 0], (0, 1), 0, -0.25),
    "product_swapped": ("W", {"x": ((1, 1), [1]), "W": ((1, 1), [0])}, [1], (0, 0), -1, 1),
    "lookup_overwritten": ("E", {"ids": ((1, 2), [0, 0])}, [1, 0], (0, 0), 0, 1),
    "two_outputs_first_only": ("x", {"x": ((1, 1), [0])}, [0, 1], (0, 0), 0, 1),
    "norm": ("x", {"x": ((1,), [2])}, [1], (0,), 2, 1),
    "MSE": ("y_hat", {"y": ((1, 1), [1]), "y_hat": ((1, 2), [0, 0])}, [1], (0, 1), -2, -1),
}


@cache
def failure(name):
    """The first finding of a planted target that has a counterexample."""
    report = gradcheck.check(TARGETS[name], counterexample=True)
    return next(f for f in report.failures if f.counterexample is not None)


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_a_planted_mistake_shrinks_to_what_one_would_write_by_hand(name):
    wrt, inputs, cotangent, place, claimed, measured = BY_HAND[name]
    found = failure(name)
    small = found.counterexample
    assert found.wrt == wrt
    kept = {numbers.name: (numbers.shape, list(numbers.values)) for numbers in small.inputs}
    assert {name: kept[name] for name in inputs} == inputs
    assert [u for numbers in small.cotangent for u in numbers.values] == cotangent
    assert small.place == place
    # central differences of step 1e-5 of numbers of about 1: 1e-10 of truncation and of rounding
    assert (small.claimed, small.measured) == pytest.approx((claimed, measured), abs=1e-9)
    assert small.stopped == ""


def test_a_transposed_weight_gradient_shrinks_to_the_least_shape_that_is_not_square():
    small = failure("transposed").counterexample
    assert failure("transposed").check == "contract.shape"
    assert small.sizes == (("layer.n_in", 1), ("layer.n_out", 2))
    assert {n.name: n.shape for n in small.inputs} == {"x": (1, 1), "W": (1, 2), "b": (1, 2)}


def test_a_square_weight_stays_square_where_the_transposition_hides_in_it():
    found = failure("input weight")
    assert (found.check, found.pattern) == ("gradient.entries", "transposed")
    assert found.counterexample.sizes == (("layer.n_in", 2), ("layer.n_out", 2))
    W = next(n for n in found.counterexample.inputs if n.name == "W")
    assert W.shape == (2, 2)
    assert W.values[1] != W.values[2]  # or nothing would be seen


def test_a_batch_of_one_hides_a_missing_sum_and_is_not_gone_down_to():
    small = failure("missing sum").counterexample
    assert next(n for n in small.inputs if n.name == "x").shape[0] >= 2
    assert small.claimed == 0
    assert small.measured == pytest.approx(1, abs=1e-9)


def test_zero_is_not_chosen_where_the_derivative_is_at_a_kink():
    """At 0 this pullback claims 2 beside slopes 0 and 1: wrong too, but a reader could take it for a subgradient."""
    assert failure("relu_twice_at_zero_too").counterexample.inputs[0].values == (1.0,)


def test_the_mistake_of_the_worst_entry_is_kept_beside_another_one():
    """Where x > 0 the sign is wrong, where x < 0 the factor is 3; shrinking does not go from one to the other."""
    x = np.array([[-2.0, -1.2, 0.9], [-0.4, -0.7, -1.1]])
    rng_free = adapt.vjp(
        lambda x: np.where(x > 0, 0.1 * x, x),
        lambda inputs, u: (u * np.where(inputs[0] > 0, -0.1, 3.0),),
        x,
        name="other slope",
    )
    found = next(f for f in gradcheck.check(rng_free).failures if f.check == "gradient.entries")
    assert found.worst != (0, 2)  # the gap is 2 u there, and 0.2 u where the sign is wrong
    small = minimise(rng_free, found)
    assert small.inputs[0].values == (-1.0,)
    assert small.claimed == pytest.approx(3 * small.measured)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_counterexample_is_still_wrong_by_the_whole_check(name):
    """Made again from the plain data, it fails the check at standard effort and with that check's own cotangents."""
    found = failure(name)
    small, recipe = found.counterexample, TARGETS[name].recipe
    things = dict(recipe.things)
    if small.sizes:
        sizes = {path.partition(".")[2]: size for path, size in small.sizes}
        layer = things["layer"]
        things["layer"] = replace(layer, **sizes) if isinstance(layer, Dense) else type(layer)(**sizes)
    arrays = {n.name: np.array(n.values, dtype=n.dtype).reshape(n.shape) for n in small.inputs}
    if recipe.kind == "layer":
        x = arrays.pop("x")
        target = recipe.make(things, (x, arrays))
    elif name == "scaled":
        target = recipe.make(things, (arrays["x"], {"gain": arrays["params.gain"]}))
    else:
        target = recipe.make(things, tuple(arrays.values()))
    again = gradcheck.check(target)
    assert (found.check, found.wrt) in {(f.check, f.wrt) for f in again.failures}


def test_the_same_seed_gives_the_same_counterexample():
    target = dense("sign")
    first, second = (gradcheck.check(target, seed=3, counterexample=True) for _ in range(2))
    assert [f.counterexample for f in first.failures] == [f.counterexample for f in second.failures]
    assert any(f.counterexample for f in first.failures)


def test_the_programs_run_in_a_fresh_interpreter_and_show_the_gap():
    """All of them in one process, which imports the planted module as a user's own."""
    codes = {name: failure(name).counterexample.code for name in TARGETS}
    script = "import json, sys\nfor code in json.load(sys.stdin):\n    exec(compile(code, 'pasted', 'exec'), {})\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        input=json.dumps(list(codes.values())),
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for name, line in zip(codes, done.stdout.splitlines(), strict=True):
        small = failure(name).counterexample
        if small.place is None:
            assert line == "gradient (2, 1) where W is (1, 2)"
        else:
            claimed, measured = (float(part.split()[-1]) for part in line.split(","))
            assert (claimed, measured) == pytest.approx((small.claimed, small.measured), rel=1e-4, abs=1e-9)


def test_a_float32_failure_is_measured_in_float64_and_stays_float32():
    x = np.array([[0.5, -1.5, 2.0], [-0.25, 0.75, -3.0]], dtype=np.float32)
    report = gradcheck.check(adapt.vjp(relu, relu_without_mask, x, name="f32"), counterexample=True)
    small = next(f.counterexample for f in report.failures if f.counterexample)
    assert small.inputs[0].dtype == "float32"
    assert small.inputs[0].values == (-1.0,)
    assert "dtype=np.float32" in small.code


def test_only_failures_are_made_small_and_only_where_that_was_asked_for():
    right, wrong = dense("none"), dense("sign")
    assert [f.counterexample for f in gradcheck.check(right, counterexample=True).findings if f.counterexample] == []
    assert [f.counterexample for f in gradcheck.check(wrong).findings if f.counterexample] == []
    asked = {effort: Settings(effort=effort).minimises for effort in ("quick", "standard", "thorough")}
    assert asked == {"quick": False, "standard": False, "thorough": True}
    assert not Settings(effort="thorough", counterexample=False).minimises


def test_a_spent_budget_ends_the_search_with_what_was_found_and_says_so():
    target = TARGETS["one entry"]
    finding = next(f for f in gradcheck.check(target).failures if f.check == "gradient.entries")
    small = minimise(target, finding, Budget(candidates=12))
    assert small.stopped == "12 candidates were tried"
    assert small.tried == 12
    assert "ended because 12 candidates were tried" in small.told
    slow = minimise(target, finding, Budget(seconds=0.0))
    assert slow.stopped == "0 s were spent"
    assert slow.inputs[0].shape == (4, 3)


def test_what_cannot_be_made_again_has_no_counterexample():
    target = TARGETS["relu_without_mask"]
    finding = failure("relu_without_mask")
    right = adapt.vjp(relu, lambda inputs, u: (u * (inputs[0] > 0),), target.point["x"], name=target.name)
    assert minimise(replace(target, recipe=None), finding) is None
    assert minimise(replace(target, role="boundary"), finding) is None
    assert minimise(replace(target, recipe=right.recipe), finding) is None  # a wrapped, spoiled target


def test_a_counterexample_survives_the_report():
    report = gradcheck.check(TARGETS["softmax_diagonal"], counterexample=True)
    kept = Report.from_json(report.to_json())
    assert [f.counterexample for f in kept.findings] == [f.counterexample for f in report.findings]
    small = next(f.counterexample for f in kept.failures if f.counterexample)
    for text in (kept.to_text(width=60), kept.to_markdown(), kept.to_junit()):
        assert "softmax_diagonal" in text
        assert "measured = (phi(x + step) - phi(x - step)) / (2 * step[0, 1])" in text
    assert "\n".join(small.code.splitlines()[:3]) in kept.to_text(width=60)
