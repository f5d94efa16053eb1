"""Forwards that lose digits are measured in extended precision: mistakes of 1e-6 told, right rules verified."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt
from gradcheck.checks.precision import stage_for
from gradcheck.checks.trial import Trial
from gradcheck.probes.jumps import jump_size
from gradcheck.settings import Settings

pytestmark = pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-17, reason="longdouble is float64 here")


def cosine_ratio(x):
    return (1 - np.cos(x)) / x**2


def cosine_ratio_slope(x):
    return -x / 12 + x**3 / 180 - x**5 / 6720


def elu(x):
    return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)


def elu_slope(x):
    return np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))


def hyperbola(x):
    return np.sqrt(1 + x * x) - 1


def hyperbola_slope(x):
    return x / np.sqrt(1 + x * x)


LOSSY = {
    "cosine ratio": (cosine_ratio, cosine_ratio_slope, lambda rng: rng.uniform(0.02, 0.04, (3, 5))),
    "elu": (elu, elu_slope, lambda rng: rng.uniform(-18, -15, (3, 5))),
    "shifted tanh": (
        lambda x: (np.tanh(x) + 1e6) - 1e6,
        lambda x: 1 - np.tanh(x) ** 2,
        lambda rng: rng.normal(size=(3, 5)),
    ),
    "hyperbola": (hyperbola, hyperbola_slope, lambda rng: 10.0 ** rng.uniform(-3, -2, (3, 5))),
}


def verdict(name, factors, seed):
    forward, slope, draw = LOSSY[name]
    x = draw(np.random.default_rng([seed, 3]))
    return gradcheck.check(
        adapt.vjp(forward, lambda i, u: (u * slope(i[0]) * factors,), x, name=name), seed=seed
    ).verdict


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LOSSY)
def test_a_forward_that_loses_digits_is_verified_and_a_mistake_told(name, seed):
    assert verdict(name, 1.0, seed) is Verdict.AGREES
    assert verdict(name, 1 + 1e-6, seed) is Verdict.DISAGREES
    row = np.where(np.arange(3) == 1, 1 + 3e-6, 1.0)[:, None]
    assert verdict(name, row, seed) is Verdict.DISAGREES


def test_a_finding_says_that_it_was_measured_in_extended_precision():
    x = np.random.default_rng(0).uniform(0.02, 0.04, (3, 5))
    off = np.ones((3, 5))
    off[1, 3] = 1 + 1e-5
    lossy, plain = (
        gradcheck.check(adapt.vjp(f, lambda i, u, g=g: (u * g(i[0]) * off,), x, names=("x",), name="one"))
        for f, g in ((cosine_ratio, cosine_ratio_slope), (np.sin, np.cos))
    )
    for report, told in ((lossy, True), (plain, False)):
        wrong = [finding.message for finding in report.findings if finding.verdict is Verdict.DISAGREES]
        assert wrong
        assert all(("in extended precision" in message) == told for message in wrong)


def test_stairs_of_cancellation_are_not_taken_for_float32():
    x = 10.0 ** np.random.default_rng(4).uniform(-5.5, -3.9, (3, 5))
    right = adapt.vjp(hyperbola, lambda i, u: (u * hyperbola_slope(i[0]),), x, name="hyperbola")
    assert stage_for(Trial(right, Settings())).eps == 2.0**-52

    def rounded(x):
        return np.sin(x.astype(np.float32)).astype(x.dtype)

    narrow = adapt.vjp(rounded, lambda i, u: (u * np.cos(i[0]),), 1 + x, name="rounded")
    assert stage_for(Trial(narrow, Settings())).eps == 2.0**-23


def test_rounding_near_a_pole_is_no_jump():
    """It grows the nearer one looks; a jump stays as high as it is."""
    assert jump_size(lambda t: float(cosine_ratio(0.03 - 0.0217 * t + 1e-9)), span=2.0, rounding=1e-16) == 0.0
    assert jump_size(lambda t: np.sin(t) + 1e-8 * (t > 0.3), span=2.0) == pytest.approx(1e-8, rel=0.6)


def test_a_constant_is_measured_along_no_more_directions_than_the_effort_says():
    x = np.random.default_rng(5).normal(size=(3, 5))
    constant = adapt.vjp(lambda x: 0 * x + 2, lambda i, u: (0 * u,), x, name="constant")
    [direction] = [f for f in gradcheck.check(constant).findings if f.check == "gradient.direction"]
    assert direction.verdict is Verdict.AGREES
    assert direction.evaluations <= 3 * 20


def test_two_blocks_measured_in_wider_numbers_count_their_own_evaluations():
    rng = np.random.default_rng(6)
    a, b = rng.uniform(0.02, 0.04, (3, 5)), rng.uniform(0.02, 0.04, (3, 5))
    both = adapt.vjp(
        lambda a, b: cosine_ratio(a) + cosine_ratio(b),
        lambda i, u: (u * cosine_ratio_slope(i[0]), u * cosine_ratio_slope(i[1])),
        a,
        b,
        name="both",
    )
    report = gradcheck.check(both)
    first, second = (f.evaluations for f in report.findings if f.check == "gradient.direction")
    assert report.verdict is Verdict.AGREES
    assert max(first, second) < 1.7 * min(first, second)


def log_sum_exp(x):
    largest = x.max(axis=1, keepdims=True)
    return (largest + np.log(np.exp(x - largest).sum(axis=1, keepdims=True)))[:, 0]


def softmax(x):
    exps = np.exp(x - x.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


SATURATED = {
    "tanh": (np.tanh, lambda x, u: u * (1 - np.tanh(x) ** 2)),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x, u: u / (2 + np.exp(x) + np.exp(-x))),
    "log sum exp": (log_sum_exp, lambda x, u: u[:, None] * softmax(x)),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", SATURATED)
def test_a_mistake_in_an_entry_far_below_its_block_is_told(name, seed):
    forward, pull = SATURATED[name]
    x = np.array(
        [[-9.6, 6.6, -0.8, 11.2, 2.1], [1.3, -6.4, 9.1, -0.2, -8.3], [5.7, -3.1, 14.2, 0.4, 7.7]]
    ) * np.random.default_rng(seed).uniform(0.95, 1.05, (3, 1))
    sizes = np.abs(pull(x, np.ones_like(forward(x))))
    at = np.argmin(np.abs(np.log(sizes / (1e-4 * sizes.max()))))
    off = np.ones(x.shape)
    off.flat[at] += 1e-6
    for factors, expected in ((1.0, Verdict.AGREES), (off, Verdict.DISAGREES)):
        target = adapt.vjp(forward, lambda i, u, w=factors: (pull(i[0], u) * w,), x, name=name)
        report = gradcheck.check(target, seed=seed)
        assert report.verdict is expected, str(report)
    assert "mask" not in str(report)  # saturated outputs stand still, and that is no derivative of zero
    place = ", ".join(str(int(i)) for i in np.unravel_index(at, x.shape))
    assert f"x[{place}] claimed" in str(report)


@pytest.mark.parametrize("seed", range(6))
def test_a_gap_that_is_hardly_seen_is_not_covered_by_wider_bars(seed):
    """At 21, a mistake of 1e-6 is about as large as extended precision shows: it is told, left open or not seen."""
    forward, pull = SATURATED["sigmoid"]
    x = np.random.default_rng(seed).normal(size=(3, 5))
    x[1, 2] = 21
    off = np.ones(x.shape)
    off[1, 2] += 1e-6
    report = gradcheck.check(adapt.vjp(forward, lambda i, u: (pull(i[0], u) * off,), x, name="sigmoid"), seed=seed)
    for finding in report.findings:
        if finding.verdict is Verdict.AGREES and finding.allowed is not None:
            assert abs(finding.gap) <= finding.allowed, str(report)
    twin = gradcheck.check(adapt.vjp(forward, lambda i, u: (pull(i[0], u),), x, name="sigmoid"), seed=seed)
    assert twin.verdict is Verdict.AGREES


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("large", [1e9, 1e12, 1e13, 1e14])
def test_a_forward_whose_stairs_are_longer_than_its_steps_is_not_called_wrong(large, seed):
    """(sin x + 1e13) − 1e13 moves by steps of 0.002, and between them it has no slope; cos x is right."""
    x = np.random.default_rng(seed).normal(size=(3, 5))

    def shifted(x):
        return (np.sin(x) + large) - large

    right = gradcheck.check(adapt.vjp(shifted, lambda i, u: (u * np.cos(i[0]),), x, name="sine"), seed=seed)
    assert not right.verdict.wrong, str(right)
    if large < 1e10:
        assert right.verdict is Verdict.AGREES
        wrong = gradcheck.check(adapt.vjp(shifted, lambda i, u: (u * np.cos(i[0]) * 1.001,), x, name="sine"), seed=seed)
        assert wrong.verdict is Verdict.DISAGREES
