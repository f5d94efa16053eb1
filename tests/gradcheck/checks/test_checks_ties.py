"""Where many numbers are equal: any selection among them is a subgradient, though no single move shows it.

Medians, quantiles and largest-k of equal numbers stand still when one of them moves. Each right rule picks one of the
equals, as its sort does; the wrong twins pick too much, or every one of them.
"""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt


def ranks(x, kind="stable"):
    return np.argsort(x, axis=1, kind=kind)


def spread_to(x, places, weights, u):
    g, order, rows = np.zeros_like(x), ranks(x), np.arange(len(x))
    for place, weight in zip(places, weights, strict=True):
        g[rows, order[:, place]] += weight * u
    return (g,)


def median(x):
    return np.median(x, axis=1)


def median_pull(inputs, u):
    x = inputs[0]
    n = x.shape[1]
    return spread_to(x, (n // 2, (n - 1) // 2), (0.5, 0.5), u)


def quantile(x):
    return np.quantile(x, 0.3, axis=1)


def quantile_pull(inputs, u):
    x = inputs[0]
    place = 0.3 * (x.shape[1] - 1)
    low = int(place)
    return spread_to(x, (low, low + 1), (low + 1 - place, place - low), u)


def two_largest(x):
    return np.sort(x, axis=1)[:, -2:].sum(axis=1)


def two_largest_pull(inputs, u):
    return spread_to(inputs[0], (-1, -2), (1.0, 1.0), u)


def sort_pull(inputs, u):
    g = np.zeros_like(u)
    np.put_along_axis(g, ranks(inputs[0]), u, axis=1)
    return (g,)


RULES = {
    "median": (median, median_pull),
    "quantile": (quantile, quantile_pull),
    "two largest": (two_largest, two_largest_pull),
    "sort": (lambda x: np.sort(x, axis=1), sort_pull),
}
POINTS = {
    "ones": np.ones((3, 5)),
    "zeros": np.zeros((2, 7)),
    "equal rows": np.full((4, 6), 0.5),
    "grey levels": np.random.default_rng(5).integers(0, 3, (3, 8)).astype(float),
    "ones in float32": np.ones((3, 5), dtype=np.float32),
}


def twice(pull):
    return lambda inputs, u: (2 * pull(inputs, u)[0],)


def every(inputs, u):
    """All that equal the median get all of its gradient."""
    x = inputs[0]
    return ((x == np.median(x, axis=1, keepdims=True)) * u[:, None],)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", RULES)
def test_a_selection_among_equals_is_verified(name, point):
    forward, pull = RULES[name]
    report = gradcheck.check(adapt.vjp(forward, pull, POINTS[point], names=("x",), name=f"{name} {point}"))
    assert report.verdict in (Verdict.KINK, Verdict.AGREES), str(report)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", RULES)
def test_a_selection_that_is_counted_twice_disagrees(name, seed):
    forward, pull = RULES[name]
    target = adapt.vjp(forward, twice(pull), POINTS["ones"], names=("x",), name=f"{name} twice")
    assert gradcheck.check(target, seed=seed).verdict is Verdict.DISAGREES


@pytest.mark.parametrize("point", ["ones", "zeros", "grey levels"])
def test_a_median_that_gives_all_to_every_equal_disagrees(point):
    target = adapt.vjp(median, every, POINTS[point], names=("x",), name=f"every {point}")
    assert gradcheck.check(target).verdict is Verdict.DISAGREES


def test_a_whole_image_of_equal_values_is_verified():
    """More equals than single entries are measured one by one."""
    x = np.full((20, 30), 128.0)
    report = gradcheck.check(adapt.vjp(median, median_pull, x, names=("x",), name="median filter"))
    assert report.verdict in (Verdict.KINK, Verdict.AGREES), str(report)


def windows(x):
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2]


def pooled(x):
    return windows(x).max(axis=(-2, -1))


def pool_pull(share):
    """The pullback of overlapping max-pooling; `share` says which of a window's maxima get how much."""

    def pull(inputs, u):
        x = inputs[0]
        g = np.zeros_like(x)
        for place in np.ndindex(u.shape):
            n, i, j = place
            window = x[n, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            g[n, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += share(window == window.max()) * u[place]
        return (g,)

    return pull


def first(tied):
    return (np.arange(tied.size) == tied.argmax()).reshape(tied.shape)


SPOTS = np.zeros((2, 7, 9))
SPOTS[0, 1, 2] = SPOTS[1, 3, 0] = 1.0
IMAGES = {"grey": np.full((2, 7, 9), 0.7), "black": np.zeros((2, 7, 9)), "spots": SPOTS, "large": np.ones((3, 15, 17))}


@pytest.mark.parametrize(
    ("image", "dtype"), [*((image, np.float64) for image in IMAGES), ("spots", np.float32)], ids=str
)
def test_max_pooling_over_images_of_equal_values(image, dtype):
    """The budget ends before every entry was measured; what is left is verified beside the point."""
    verdicts = []
    for share in (first, lambda tied: tied / tied.sum(), lambda tied: tied):
        x = IMAGES[image].astype(dtype)
        report = gradcheck.check(adapt.vjp(pooled, pool_pull(share), x, names=("x",), name=f"pool {image}"))
        verdicts.append(report.verdict)
    assert verdicts == [Verdict.KINK, Verdict.KINK, Verdict.DISAGREES]
