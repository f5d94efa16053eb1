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


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def padded(large, off=1.0):
    """Attention of four queries, two of them padding: every score of theirs is moved by `large`."""
    mask = np.where(np.arange(4)[:, None] < 2, 0.0, large)

    def forward(q, k, v):
        return softmax(q @ k.T + mask) @ v

    def pull(inputs, u):
        q, k, v = inputs
        p = softmax(q @ k.T + mask)
        dp = u @ v.T
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
        return off * ds @ k, ds.T @ q, p.T @ u

    def target(rng):
        shapes = {"q": (4, 3), "k": (5, 3), "v": (5, 2)}
        inputs = [rng.normal(size=shape) for shape in shapes.values()]
        return adapt.vjp(forward, pull, *inputs, names=tuple(shapes), name="attention")

    return target


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("large", [-1e7, -1e8, -1e9])
def test_scores_that_a_mask_rounds_to_stairs_are_not_called_wrong(large, seed):
    """s − 1e9 goes by steps of 1e-7, while the rows that are not masked move smoothly."""
    report = gradcheck.check(padded(large)(np.random.default_rng(seed + 7)), seed=seed)
    assert not report.verdict.wrong, str(report)


@pytest.mark.parametrize("large", [-1e4, -1e9])
def test_a_mistake_beside_stairs_is_told(large):
    wrong = gradcheck.check(padded(large, off=1.01)(np.random.default_rng(8)))
    assert wrong.verdict is Verdict.DISAGREES
