"""Functions with stairs: their derivative is zero between the stairs, whatever long steps see."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

GREY = np.random.default_rng(8).uniform(0, 255, (3, 5))
STAIRS = {
    "rounded grey levels": (np.round, GREY),
    "truncated": (np.trunc, 100 * np.random.default_rng(9).normal(size=(2, 7))),
    "beside 1000": (np.floor, 1000 + np.random.default_rng(10).uniform(0.1, 0.9, (3, 4))),
    "100,000s": (np.floor, np.random.default_rng(11).integers(-(10**5), 10**5, (5, 2)) + 0.3),
    "eight bits": (lambda x: np.round(x / 255 * 15) * 17, GREY),
    "a count": (lambda x: np.array([(x > level).sum() for level in (31.5, 100.25, 180.75)]) + 0.0, GREY),
}


def claim(value):
    return lambda inputs, u: (np.full_like(inputs[0], value),)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", STAIRS)
def test_a_staircase_has_no_slope_between_its_stairs(name, seed):
    f, x = STAIRS[name]
    report = gradcheck.check(adapt.vjp(f, claim(0.0), x, names=("x",), name=name), seed=seed)
    assert report.verdict is Verdict.AGREES, str(report)


@pytest.mark.parametrize("f", [np.floor, np.sign])
def test_a_point_on_the_edge_of_a_stair_is_said_to_be_one(f):
    x = np.round(np.random.default_rng(0).normal(size=(3, 4)))
    report = gradcheck.check(adapt.vjp(f, claim(0.0), x, names=("x",), name="edge"))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "jumps at this point" in next(f.reason for f in report.findings if f.verdict is Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("name", STAIRS)
def test_a_slope_through_the_stairs_is_no_derivative(name):
    """The straight-through estimator is a useful claim, and not the derivative of what it is claimed for."""
    f, x = STAIRS[name]
    through = adapt.vjp(f, lambda inputs, u: (np.ones_like(inputs[0]) * u.mean(),), x, names=("x",), name=name)
    assert gradcheck.check(through).verdict not in (Verdict.AGREES, Verdict.KINK)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_a_forgotten_gradient_through_narrow_numbers_is_no_staircase(kind):
    """Rounding inside makes stairs too, but low ones."""
    x = np.random.default_rng(12).normal(size=(3, 5))
    target = adapt.vjp(
        lambda x: np.sin(x.astype(kind)).astype(float), claim(0.0), x, names=("x",), name=f"through {kind.__name__}"
    )
    assert gradcheck.check(target).verdict is Verdict.DISAGREES
