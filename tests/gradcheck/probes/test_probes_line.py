"""A sweep is several samples at once: each as if it had been asked for alone."""

import numpy as np
import pytest

from gradcheck.probes.line import Line

EPS = 2.0**-52
STEPS = [1e-6, 3e-4, 0.02, 0.7]


def raises(x):
    if x.max() > 1.9:
        raise ValueError("outside")
    return x.ravel() ** 2


def raised_as_none(f):
    def evaluate(x):
        try:
            return f(x)
        except ValueError:
            return None

    return evaluate


FUNCTIONS = {
    "smooth": lambda x: np.sin(x).ravel(),
    "one output": lambda x: np.array([np.sum(x * x)]),
    "an edge on one side": lambda x: np.log(x - 0.25).ravel(),
    "a square root below zero": lambda x: np.sqrt(x[:, 0] - 0.3),
    "raises": raised_as_none(raises),
    "stands still on short steps": lambda x: np.concatenate([np.sin(x).ravel(), np.log(1 + np.exp(40 * (x[0] - 1.5)))]),
    "one output that never moves": lambda x: np.append(np.sin(x).ravel(), 3.0),
    "complex": lambda x: np.exp(1j * x).ravel(),
}


def line(f):
    rng = np.random.default_rng(4)
    x = np.linspace(0.3, 1.5, 6).reshape(2, 3)
    v = rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.5, x.shape)
    y0 = f(x)
    u = rng.normal(size=y0.shape) + (1j * rng.normal(size=y0.shape) if y0.dtype.kind == "c" else 0)
    return Line(f, x, v, u, y0, rng.normal(size=x.shape), EPS)


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_sweep_sees_what_single_steps_see(f):
    with np.errstate(all="ignore"):
        swept, single = line(f), line(f)
        swept.sweep(STEPS)
        open_sides = [1, -1]
        for t in STEPS:
            open_sides = [side for side in open_sides if single(side * t).finite]
    assert set(swept.samples) == set(single.samples)
    assert swept.evaluations == single.evaluations
    for t, sample in single.samples.items():
        assert swept.samples[t].finite == sample.finite
        assert swept.samples[t] == pytest.approx(sample, rel=1e-12, abs=1e-14)
    assert np.array_equal(swept.moves, single.moves)
    assert swept.quantum == single.quantum
    assert [swept.hidden(t) for t in STEPS] == pytest.approx([single.hidden(t) for t in STEPS], rel=1e-12)
    assert swept.floor() == pytest.approx(single.floor(), rel=1e-12)


def test_outputs_that_move_on_long_steps_only_are_kept_as_stairs():
    saturated = line(FUNCTIONS["stands still on short steps"])
    saturated.sweep(STEPS)
    assert saturated.hidden(0.0) > 0.0
    smooth = line(FUNCTIONS["smooth"])
    smooth.sweep(STEPS)
    assert smooth.hidden(0.0) == 0.0


def test_points_are_arrays_of_their_own():
    def writes(x):
        assert x.flags.owndata
        y = np.sin(x).ravel()
        x[:] = np.nan
        return y

    kept = line(FUNCTIONS["smooth"])
    written = Line(writes, kept.x, kept.v, kept.u, kept.y0, kept.g, EPS)
    kept.sweep(STEPS)
    written.sweep(STEPS)
    assert written.samples == kept.samples


def test_no_steps_are_no_evaluations():
    empty = line(FUNCTIONS["smooth"])
    empty.sweep([])
    assert empty.evaluations == 0
