"""One-sided slopes, the complex step, noise, jumps, branches at kinks, and finding a wrong entry among a million."""

from math import log2

import numpy as np
import pytest

from gradcheck.diagnosis.locate import locate
from gradcheck.estimate import Slope
from gradcheck.probes.branches import branches
from gradcheck.probes.complexstep import complex_slope
from gradcheck.probes.jumps import jump_size
from gradcheck.probes.line import Line
from gradcheck.probes.noise import confirm_noise
from gradcheck.probes.onesided import differ

EPS = 2.0**-52
X = np.array([0.7, -1.3, 2.1])
V = np.array([0.9, -1.2, 0.6])
U = np.array([1.1, -0.8, 0.9])


def stepped(f, x=X, v=V, u=U):
    return complex_slope(lambda t: np.asarray(f(t)), x, v, u, np.asarray(f(x)))


@pytest.mark.parametrize(
    ("f", "df"),
    [
        (np.sin, np.cos),
        (np.exp, np.exp),
        (lambda x: x**3 / (1 + x * x), lambda x: (3 * x**2 + x**4) / (1 + x * x) ** 2),
    ],
    ids=["sin", "exp", "rational"],
)
def test_the_complex_step_is_exact_to_rounding_where_the_function_is_analytic(f, df):
    truth = float(U @ (df(X) * V))
    assert stepped(f) == pytest.approx(truth, rel=8 * EPS, abs=8 * EPS)


@pytest.mark.parametrize(
    "f", [lambda x: np.sin(x.real), lambda x: np.maximum(x.real, 0.0), lambda x: np.abs(x)], ids=["re", "relu", "abs"]
)
def test_the_complex_step_gives_nothing_where_the_imaginary_part_is_dropped(f):
    assert stepped(f) is None


def test_the_complex_step_gives_nothing_where_the_code_cannot_take_it():
    def real_only(x):
        return None if x.dtype.kind == "c" else np.sin(x)

    assert complex_slope(real_only, X, V, U, np.sin(X)) is None
    assert complex_slope(np.sin, X + 0j, V, U, np.sin(X)) is None


@pytest.mark.parametrize("f", [lambda x: np.abs(x) * x, lambda x: np.abs(x) ** 1.5], ids=["x|x|", "|x|^1.5"])
def test_a_complex_step_that_is_silently_wrong_is_believed_by_nobody(f):
    """|x| of a complex number is real and almost right: x|x| gets half its slope, and nothing raises.

    The check of a right claim still agrees and that of the complex step's own answer still disagrees.
    """
    import gradcheck
    from gradcheck import Verdict, adapt

    wrong = stepped(f)
    if wrong is None:
        return  # the real part moved: seen through already

    def claims(slope):
        return adapt.vjp(f, lambda inputs, u: (u * slope(inputs[0]),), X, names=("x",), name="modulus")

    right = {True: lambda x: 2 * np.abs(x), False: lambda x: 1.5 * np.sign(x) * np.sqrt(np.abs(x))}[
        bool(np.isclose(f(-2.0), -4))
    ]
    silently = lambda x: np.array([stepped(f, x, e, e) for e in np.eye(3)])  # noqa: E731  # its own entries
    assert gradcheck.check(claims(right)).verdict is Verdict.AGREES
    assert gradcheck.check(claims(silently)).verdict is Verdict.DISAGREES


def noise_line(f, x=0.4):
    point = np.array([x])
    return Line(lambda t: np.asarray(f(t)), point, np.array([1.0]), np.ones(1), np.asarray(f(point)), None, EPS)


@pytest.mark.parametrize("size", [1e-6, 1e-9, 1e-12])
def test_white_noise_is_confirmed_with_its_size(size):
    def f(t):
        rng = np.random.default_rng(t.view(np.uint64))
        return np.sin(t) + size * rng.standard_normal(1)

    found = [confirm_noise(noise_line(f, x), 1e-9, size) for x in np.linspace(0.3, 0.6, 20)]
    assert None not in found
    # four degrees of freedom: the root mean square of twenty lies within a factor of two
    assert 0.5 * size < np.sqrt(np.mean(np.square(found))) < 2 * size


@pytest.mark.parametrize("f", [np.sin, lambda t: t**3, lambda t: np.exp(5 * t)], ids=["sin", "cube", "exp"])
def test_a_smooth_function_is_no_noise(f):
    assert confirm_noise(noise_line(f), 1e-4, 1e-6) is None


def test_what_cannot_be_evaluated_is_no_noise():
    assert confirm_noise(noise_line(lambda t: np.where(t > 0.4, np.nan, t)), 1e-4, 1e-6) is None


@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9])
def test_a_jump_is_seen_with_about_its_size(size):
    found = jump_size(lambda t: np.sin(t) + size * (t > 0.03))
    assert 0.3 * size < found < 3 * size


@pytest.mark.parametrize(
    "phi",
    [np.sin, abs, lambda t: max(t - 0.07, 0.0), lambda t: np.exp(3 * t), lambda t: 1e6 * t * t, lambda t: 0.0],
    ids=["sin", "abs", "relu", "exp", "large", "zero"],
)
def test_smooth_functions_and_kinks_do_not_jump(phi):
    assert jump_size(phi) <= 1e-10 * max(abs(phi(0.25)), abs(phi(-0.25)))


@pytest.mark.parametrize("bend", [0.0, 1.0])
@pytest.mark.parametrize("place", [-0.24524, *np.linspace(-0.24, 0.24, 37), 0.24524])
def test_wherever_they_are_a_jump_is_seen_and_a_kink_is_not_taken_for_one(place, bend):
    """At the end of a grid only a part of a kink is seen, and all of it on the finer one."""
    assert jump_size(lambda t: np.exp(bend * t) + max(t - place, 0.0), rounding=1e-15) == 0.0
    assert 1e-8 < jump_size(lambda t: np.exp(bend * t) + 1e-7 * (t > place), rounding=1e-15) < 1e-6


@pytest.mark.parametrize("spacings", [1.0, 30.0, 1e6])
def test_noise_is_no_jump_however_loud(spacings):
    def phi(t):
        return np.sin(t) * (1 + 2.0**-53 * spacings * np.random.default_rng(int(abs(t) * 2**50)).normal())

    assert jump_size(phi) == 0.0


def test_a_function_with_holes_is_not_called_jumping():
    assert jump_size(lambda t: None if t > 0.1 else t) == 0.0


def at_kink(f, x, u, offset=0.0, reach=1e-6):
    x = np.asarray(x, dtype=float) + offset
    return branches(lambda t: np.asarray(f(t)), x, np.ones_like(x), np.asarray(u), f(x), eps=EPS, reach=reach)


@pytest.mark.parametrize("offset", [0.0, 1e-10, -1e-10])
def test_branches_at_a_kink_span_the_subgradients_of_each_output(offset):
    """With u = (1, −1) both slopes of |x| count, each for itself: −1 … 1 twice, not −0 … 0."""
    found = at_kink(lambda x: np.array([np.abs(x[0]), np.abs(x[0])]), [0.0], [1.0, -1.0], offset)
    assert found.low == pytest.approx(-2, abs=found.error + 1e-6)
    assert found.high == pytest.approx(2, abs=found.error + 1e-6)
    assert found.jump == pytest.approx(2, abs=1e-3)
    assert found.evaluations == 6


def test_branches_of_a_smooth_function_meet():
    found = at_kink(np.sin, [0.3, 0.4], [1.0, 0.5])
    assert found.jump == 0
    assert found.low == found.high == pytest.approx(np.cos(0.3) + 0.5 * np.cos(0.4), abs=found.error)


def test_branches_need_both_sides():
    assert branches(lambda t: None, X, V, U, np.sin(X), eps=EPS, reach=1e-6) is None


@pytest.mark.parametrize(
    ("left", "right", "central", "kink"),
    [
        (Slope(0.0, 1e-6), Slope(1.0, 1e-6), None, True),
        (Slope(0.0, 1e-6), Slope(1.0, 1e-6), 0.5, True),
        (Slope(0.0, 0.3), Slope(1.0, 0.3), None, False),
        (Slope(1.0, 1e-6), Slope(1.0, 1e-6), 0.5, False),
        (Slope(0.0, 1e-3), Slope(1e-2, 1e-3), 1e-9, False),
    ],
)
def test_slopes_tell_a_kink_only_beyond_their_bars(left, right, central, kink):
    assert differ(left, right, central) is kink


class Gaps:
    """A fake measure: the gap of a direction is what the wrong entries contribute, with noise below its bar."""

    def __init__(self, size, wrong, bar=1e-9):
        self.wrong = dict(wrong)
        self.size, self.bar, self.calls = size, bar, 0
        self.rng = np.random.default_rng(9)

    def __call__(self, v, enough=0.0):
        self.calls += 1
        assert enough >= 0
        flat = v.ravel()
        assert flat.size == self.size
        gap = sum(flat[place] * error for place, error in self.wrong.items())
        return gap + self.bar * self.rng.uniform(-0.3, 0.3), self.bar

    def located(self, shape, most=2000):
        rng = np.random.default_rng(10)
        v = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape)
        return locate(self, v, *self(v), most)


@pytest.mark.parametrize("place", [0, 1, 523_456, 999_998, 999_999])
@pytest.mark.parametrize("error", [1.0, -1e-4, 1e-7])
def test_one_wrong_entry_of_a_million_is_found_in_forty_measurements(place, error):
    gaps = Gaps(10**6, {place: error})
    found = gaps.located((1000, 1000))
    assert found.indices == ((place // 1000, place % 1000),)
    assert found.complete
    assert gaps.calls <= (6 if abs(error) > 1e-5 else 2 * log2(10**6) + 2)  # with digits enough its place is counted


@pytest.mark.parametrize("shape", [(1000, 1000), (7, 11, 13), (3, 5), (2,)])
@pytest.mark.parametrize("ratio", [1e7, 3e3, 450.0, 60.0])
def test_the_place_of_one_entry_is_counted_in_as_many_steps_as_the_bar_allows(shape, ratio):
    """Of 60 bars no step is worth fifty, so that the block is halved; with others the last place is found as well."""
    size = int(np.prod(shape))
    for place in {0, size // 3, size - 1}:
        gaps = Gaps(size, {place: 1.0}, bar=0.5 / ratio)
        found = gaps.located(shape)
        assert found.indices == (tuple(int(i) for i in np.unravel_index(place, shape)),)
        assert found.complete


def test_two_entries_whose_places_look_like_one_are_told_apart():
    """Equal gaps in the places 10 and 30 count as place 20, which shows no gap of its own."""
    v = np.ones(1000)
    gaps = Gaps(1000, {10: 1.0, 30: 1.0})
    assert locate(gaps, v, *gaps(v), 2000).indices == ((10,), (30,))


@pytest.mark.parametrize("k", [2, 3, 10])
def test_a_few_wrong_entries_are_all_found(k):
    places = np.random.default_rng(k).choice(10**6, k, replace=False)
    gaps = Gaps(10**6, {int(place): 1e-3 * (-1) ** i for i, place in enumerate(places)})
    found = gaps.located((10**6,))
    assert [index for (index,) in found.indices] == sorted(places)
    assert found.complete
    assert gaps.calls <= 3 * k * log2(10**6 / k) + 3


def test_a_search_that_runs_out_of_measurements_says_so():
    gaps = Gaps(10**6, {523_456: 1.0, 23_456: -0.7})
    found = gaps.located((10**6,), most=5)
    assert not found.complete
    assert gaps.calls <= 7


def test_more_than_a_dozen_wrong_entries_are_told_as_many():
    gaps = Gaps(4096, dict.fromkeys(range(4096), 1e-3))
    found = gaps.located((4096,))
    assert not found.complete
    assert len(found.indices) <= 13


def test_noise_alone_is_located_nowhere():
    gaps = Gaps(1000, {})
    assert gaps.located((1000,)).indices == ()
