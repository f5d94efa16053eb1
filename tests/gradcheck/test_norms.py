"""Norms of numbers whose squares leave the range of floating point, and checks at outputs of that size."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt
from gradcheck.norms import norm


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e-3, 1e3, 1e160, 1e300])
def test_a_norm_scales_with_its_argument(size):
    x = np.random.default_rng(0).normal(size=(3, 5))
    assert norm(size * x) == pytest.approx(size * np.linalg.norm(x), rel=1e-14)
    assert norm(size * (1 + 2j) * x) == pytest.approx(size * np.sqrt(5) * np.linalg.norm(x), rel=1e-14)


@pytest.mark.parametrize(("kind", "size"), [(np.float32, 1e-25), (np.float32, 1e25), (np.float16, 1e3)])
def test_narrow_numbers_keep_their_norm(kind, size):
    assert norm(np.array([3 * size, 4 * size], dtype=kind)) == pytest.approx(
        5 * size, rel=4 * float(np.finfo(kind).eps)
    )


def test_what_is_not_finite_stays_so():
    assert np.isnan(norm(np.array([1.0, np.nan])))
    assert norm(np.array([-np.inf, 2.0])) == np.inf


def test_zeros_nothing_and_whole_numbers_have_norms():
    assert norm(np.zeros((2, 3))) == 0.0
    assert norm(np.zeros((0, 3))) == 0.0
    assert norm(np.array([3, 4])) == 5.0


@pytest.mark.parametrize("factor", [1.0, 1.001, 0.0, -1.0])
@pytest.mark.parametrize("f", [np.expm1, lambda x: np.exp(x).sum()], ids=["expm1", "a sum of exp"])
def test_outputs_beyond_1e154_are_judged_like_others(f, factor):
    x = np.array([500.0, 501.0, 400.0, 600.0, 420.0])
    report = gradcheck.check(adapt.vjp(f, lambda inputs, u: (factor * u * np.exp(inputs[0]),), x, names=("x",)))
    assert report.verdict is (Verdict.AGREES if factor == 1 else Verdict.DISAGREES), str(report)
