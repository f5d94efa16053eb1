"""A small ε beside a value that the derivative forgets, or has alone; and gaps as small that come from elsewhere."""

import numpy as np
import pytest

from tests.planted.judging import told

RNG = np.random.default_rng(4)
P, T = RNG.uniform(0.02, 0.98, (5, 3)), (RNG.random((5, 3)) < 0.5).astype(float)


@pytest.mark.parametrize("eps", [1e-5, 1e-7])
def test_an_epsilon_in_a_logarithm_that_the_derivative_forgets_is_told(eps):
    slugs, text = told(lambda p: np.log(p + eps), lambda p, dy: (dy / p,), p=P)
    assert slugs == {"p": "missing_term"}, text
    assert f"as if {eps:.0e} were added to p in the forward and not in the derivative" in text


def test_an_epsilon_in_a_quotient_that_the_derivative_alone_has_is_told():
    slugs, text = told(lambda p: np.log(p).sum(-1), lambda p, dy: (dy[:, None] / (p + 1e-7),), p=P)
    assert slugs == {"p": "wrong_term"}, text
    assert "in the derivative and not in the forward" in text


def test_an_epsilon_in_a_cross_entropy_is_told():
    slugs, text = told(
        lambda p: -np.mean(T * np.log(p + 1e-7) + (1 - T) * np.log(1 - p + 1e-7)),
        lambda p, dy: (dy * ((1 - T) / (1 - p) - T / p) / 15,),
        p=P,
    )
    assert slugs == {"p": "missing_term"}, text
    assert "p, or 1 − p," in text


@pytest.mark.parametrize(
    ("slug", "spoil"),
    [
        ({"factor"}, lambda p: 1 + 1e-6),
        ({None}, lambda p: 1 + 1e-6 * (-1.0) ** np.arange(15).reshape(5, 3)),
        ({None}, lambda p: 1 + 1e-6 * np.sin(9 * p)),
    ],
    ids=["a factor", "of either sign", "a function"],
)
def test_a_gap_as_small_is_not_called_an_epsilon(slug, spoil):
    slugs, text = told(np.log, lambda p, dy: (dy / p * spoil(p),), p=P)
    assert slugs["p"] in slug, text
    assert "as if" not in text
