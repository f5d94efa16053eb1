"""From a claim and a measurement to a verdict: the table of the rule, and properties that hold for all numbers."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradcheck
from gradcheck import Estimate, Verdict, adapt
from gradcheck.compare import compare, compare_kink

SMOOTH = Estimate(
    claimed=2.0,
    gap=0.0,
    error=1e-10,
    kind="smooth",
    scale=3.0,
    magnitude=1.0,
    secant=2.0,
    noise=1e-16,
    truncation=4e-11,
    rounding=6e-11,
    evaluations=10,
)


def judged(rounding=1e-14, resolution=1e-6, tolerance=None, whole=1.0, **changes):
    estimate = replace(SMOOTH, **changes)
    return compare(estimate, rounding=rounding, resolution=resolution, tolerance=tolerance, whole=whole)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.AGREES),
        ({"gap": 0.99e-10}, Verdict.AGREES),
        ({"gap": -0.99e-10}, Verdict.AGREES),
        ({"gap": 2e-10}, Verdict.INCONCLUSIVE),  # between one and three times what is allowed
        ({"gap": 3.1e-10}, Verdict.DISAGREES),
        ({"gap": -3.1e-10}, Verdict.DISAGREES),
        ({"gap": 1.0, "error": 0.1, "rounding": 0.1}, Verdict.DISAGREES),
        ({"error": 1e-5}, Verdict.INCONCLUSIVE),  # 3e-6 of the scale is more than the resolution
        ({"error": inf}, Verdict.INCONCLUSIVE),
        ({"error": nan}, Verdict.INCONCLUSIVE),
        ({"kind": "none", "error": inf}, Verdict.INCONCLUSIVE),
        ({"kind": "kink", "gap": 0.5}, Verdict.INCONCLUSIVE),
        ({"kind": "flat", "scale": 0.0, "claimed": 0.0, "error": 1e-20}, Verdict.AGREES),
    ],
)
def test_the_rule_of_verdicts(changes, verdict):
    assert judged(**changes).verdict is verdict


def test_an_agreement_tells_its_resolution_and_no_reason():
    found = judged()
    assert found.resolution == pytest.approx((1e-10 + 1e-14) / 3.0)
    assert found.reason == ""


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"error": 1e-4, "rounding": 1e-4, "truncation": 0.0}, "noise"),
        ({"error": 1e-4, "rounding": 1e-6, "truncation": 1e-4}, "truncation"),
        ({"error": inf, "kind": "onesided"}, "domain edge"),
        ({"kind": "kink"}, "kinks in the step"),
        ({"gap": 2e-10}, "too much to agree, too little to disagree"),
    ],
)
def test_what_stays_open_names_what_stands_in_the_way(changes, word):
    found = judged(**changes)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert word in found.reason


def test_a_zero_gradient_of_a_moving_function_disagrees_however_small_the_function_is():
    """No absolute floor: everything times 1e-30 is the same question."""
    small = {"claimed": 0.0, "gap": 2e-30, "error": 1e-40, "scale": 0.0, "magnitude": 1e-30, "secant": 2e-30}
    assert judged(**small, rounding=0.0, whole=1e-30).verdict is Verdict.DISAGREES


@given(
    gap=st.floats(-1, 1),
    error=st.floats(1e-14, 1e-2),
    factor=st.sampled_from([1e-150, 1e-30, 1e-8, 1e8, 1e30, 1e150]),
)
def test_the_verdict_does_not_depend_on_the_unit(gap, error, factor):
    names = ("claimed", "gap", "error", "scale", "magnitude", "secant", "noise", "truncation", "rounding")
    one = replace(SMOOTH, gap=gap, error=error)
    other = replace(one, **{name: getattr(one, name) * factor for name in names})
    a = compare(one, rounding=1e-14, resolution=1e-6, whole=1.0)
    b = compare(other, rounding=1e-14 * factor, resolution=1e-6, whole=factor)
    boundary = any(abs(abs(gap) / (error + 1e-14) - edge) < 1e-9 for edge in (1, 3)) or abs(error / 3e-6 - 1) < 1e-6
    assert boundary or a.verdict is b.verdict


@given(gap=st.floats(-1, 1), error=st.floats(0, 1), wider=st.floats(1, 1e6))
def test_a_wider_bar_never_turns_agreement_into_disagreement(gap, error, wider):
    narrow, wide = judged(gap=gap, error=error), judged(gap=gap, error=error * wider)
    assert not (narrow.verdict is not Verdict.DISAGREES and wide.verdict is Verdict.DISAGREES)


@given(gap=st.floats(0, 1), more=st.floats(1, 1e6), error=st.floats(1e-12, 1e-2))
def test_a_larger_gap_is_never_judged_more_mildly(gap, more, error):
    mild, severe = judged(gap=gap, error=error), judged(gap=gap * more, error=error)
    if mild.verdict is Verdict.DISAGREES:
        assert severe.verdict is Verdict.DISAGREES
    if severe.verdict is Verdict.AGREES:
        assert mild.verdict is Verdict.AGREES


@given(gap=st.floats(-1, 1), error=st.floats(0, 1))
def test_the_sign_of_a_gap_does_not_matter(gap, error):
    assert judged(gap=gap, error=error).verdict is judged(gap=-gap, error=error).verdict


def test_a_declared_tolerance_lets_a_real_gap_pass_and_keeps_it():
    found = judged(gap=1.5e-6 * 3, tolerance=1e-5)
    assert found.verdict is Verdict.AGREES
    assert found.gap == 1.5e-6 * 3
    assert judged(gap=1.5e-6 * 3).verdict is Verdict.DISAGREES
    assert judged(gap=1.5e-5 * 3, tolerance=1e-5).verdict is Verdict.DISAGREES


@pytest.mark.parametrize(
    ("claimed", "verdict"),
    [
        (-1.0, Verdict.KINK),
        (0.0, Verdict.KINK),
        (0.37, Verdict.KINK),
        (1.0, Verdict.KINK),
        (1.0 + 0.9e-6, Verdict.KINK),
        (1.0 + 2e-6, Verdict.INCONCLUSIVE),
        (1.0 + 4e-6, Verdict.DISAGREES),
        (-1.5, Verdict.DISAGREES),
        (2.0, Verdict.DISAGREES),
    ],
)
def test_between_the_slopes_is_a_kink_and_outside_disagrees(claimed, verdict):
    found = compare_kink(claimed, -1.0, 1.0, bar=1e-6)
    assert found.verdict is verdict
    assert (found.gap == 0) == (-1 <= claimed <= 1)


def test_verdicts_are_ordered_by_how_bad_they_are():
    order = sorted(Verdict, key=lambda verdict: verdict.severity)
    assert [v.name for v in order] == ["AGREES", "KINK", "INCONCLUSIVE", "DISAGREES", "MALFORMED", "RAISED"]
    assert [v.wrong for v in order] == [False, False, False, True, True, True]


def test_the_function_lives_in_the_module_of_its_name():
    assert gradcheck.compare.compare is compare


def test_a_gradient_that_vanishes_beside_its_outputs_says_how_little_of_it_was_seen():
    """cos at 1e-9: a claim of 1e-18 beside outputs of 1 agrees, and an error of 100 times the claim would have too.

    No extended precision shows it either, as it does at 1e-8.
    """
    x = 1e-9 * np.random.default_rng(0).normal(size=(3, 4))
    for factor, seen in ((1.0, True), (1.001, False)):  # the right one is seen by the complex step as well
        target = adapt.vjp(np.cos, lambda i, u, k=factor: (-k * u * np.sin(i[0]),), x, names=("x",))
        [direction] = [f for f in gradcheck.check(target).findings if f.check == "gradient.direction"]
        assert direction.verdict is Verdict.AGREES
        assert direction.resolution < 1e-6 if seen else direction.resolution > 1e-3
