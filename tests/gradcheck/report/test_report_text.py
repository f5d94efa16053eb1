"""Numbers as they are printed."""

from math import inf, nan

import numpy as np
import pytest

import gradcheck
from gradcheck import adapt
from gradcheck.report.text import pair

CASES = [
    (0.25, 0.844517, ("+0.25", "+0.844517")),
    (1.164271, 1.164272, ("+1.164271", "+1.164272")),
    (1.0, 1.0 + 2.0**-52, ("+1", "+1.0000000000000002")),
    (-2.5, -2.5, ("-2.5", "-2.5")),
    (0.0, -0.0, ("+0", "-0")),
    (nan, 1.5, ("+nan", "+1.5")),
    (nan, nan, ("+nan", "+nan")),
    (inf, inf, ("+inf", "+inf")),
    (None, 1.5, ("·", "+1.5")),
]


@pytest.mark.parametrize(("claimed", "measured", "told"), CASES)
def test_two_numbers_are_told_with_the_digits_that_tell_them_apart(claimed, measured, told):
    assert pair(claimed, measured) == told


def test_a_claim_off_by_a_millionth_does_not_read_like_what_was_measured():
    x = np.array([0.3, -1.2, 2.0])
    wrong = adapt.vjp(np.sin, lambda inputs, u: (u * np.cos(inputs[0]) * (1 + 1e-8),), x, names=("x",), name="sine")
    report = gradcheck.check(wrong)
    told = [f for f in report.findings if f.verdict.wrong]
    assert {f.check for f in told} == {"gradient.direction", "gradient.entries"}
    for finding in told:
        claimed, measured = pair(finding.claimed, finding.measured)
        assert claimed != measured
        assert f"claimed {claimed}, measured {measured} ±" in finding.message
    with pytest.raises(gradcheck.GradientMismatch) as caught:
        gradcheck.assert_agrees(wrong)
    assert f"claimed {claimed}, measured {measured} ±" in str(caught.value)


def test_a_gradient_too_faint_for_the_outputs_to_show_is_said_to_be_so():
    """A turned sign is verified there, because nothing tells it from a right one."""
    x = np.random.default_rng(0).normal(scale=1000, size=(3, 5))
    s = lambda x: 1 / (1 + np.exp(-np.clip(x, -700, 700)))  # noqa: E731
    pull = lambda i, u: (-u * s(i[0]) * (1 - s(i[0])),)  # noqa: E731
    text = gradcheck.check(adapt.vjp(s, pull, x, names=("x",), name="sigmoid")).to_text()
    assert "1 row agrees, 1 of them with a gradient too faint for the outputs to show" in text
    assert "would have seen" not in text
    assert "none" in next(line for line in text.splitlines() if line.startswith("sigmoid"))
