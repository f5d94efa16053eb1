"""What may be said of a mistake, and what may not: names that fit by chance, each beside one that is right."""

import numpy as np
import pytest

from tests.planted.judging import told


def draw(seed=3):
    return np.random.default_rng(seed).normal


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def distance_back(a, b, dy):
    d = dy[..., None] * (a[:, None] - b[None])  # the division by the distance is left out
    return d.sum(1), -d.sum(0)


def test_a_distance_that_is_not_divided_by_is_left_out():
    normal = draw(1)
    slugs, text = told(
        lambda a, b: np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1)),
        distance_back,
        a=normal(size=(4, 3)),
        b=normal(size=(5, 3)),
    )
    assert slugs == {"a": "missing_factor", "b": "missing_factor"}, text
    assert "y × measured" in text
    assert "a division by it" in text


def test_a_quotient_without_one_of_its_divisions_misses_a_factor():
    q = np.random.default_rng(1).uniform(0.5, 2, (4, 3))
    slugs, text = told(lambda a, q: a / q, lambda a, q, dy: (dy / q, -dy * a / q), a=draw(1)(size=(4, 3)), q=q)
    assert slugs == {"q": "missing_factor"}, text


@pytest.mark.parametrize(
    ("forward", "back"),
    [
        (lambda x: np.log(np.abs(x) + 0.3), lambda x, dy: (dy * np.sign(x) / (np.abs(x) + 0.3) ** 2,)),
        (lambda x: 1 / (1 + np.exp(-x)), lambda x, dy: (dy * np.exp(-x) / (1 + np.exp(-x)) ** 3,)),
        (lambda x: np.where(x > 0, x, np.expm1(x)), lambda x, dy: (dy * x * np.where(x > 0, 1, np.exp(x)),)),
    ],
    ids=["1/(|x| + 0.3)", "y", "x, that e^x does not follow"],
)
def test_what_is_applied_twice_is_too_much(forward, back):
    slugs, text = told(forward, back, x=draw(1)(size=(5, 4)))
    assert slugs == {"x": "extra_factor"}, text


@pytest.mark.parametrize(
    ("forward", "slope", "says"),
    [
        (np.tanh, lambda y: y * (1 - y), "claimed = y (1 − y)"),
        (lambda x: 1 / (1 + np.exp(-x)), lambda y: 1 - y * y, "claimed = (1 − y²)"),
    ],
    ids=["sigmoid's for tanh", "tanh's for sigmoid"],
)
def test_the_slope_of_another_activation_is_told_as_what_was_claimed(forward, slope, says):
    slugs, text = told(forward, lambda x, dy: (dy * slope(forward(x)),), x=draw(1)(size=(4, 3)))
    assert slugs == {"x": "wrong_function"}, text
    assert says in text


def test_a_loss_claimed_for_its_derivative_is_no_missing_term():
    y, t = draw(1)(size=(5, 3)), draw(2)(size=(5, 3))
    slugs, text = told(
        lambda y, t: ((y - t) ** 2).mean(),
        lambda y, t, dy: (2 * (y - t) ** 2 / 15 * dy, -2 * (y - t) ** 2 / 15 * dy),
        y=y,
        t=t,
    )
    assert slugs == {"y": "wrong_function", "t": "wrong_function"}, text


def test_a_term_of_a_sum_is_missing_and_is_told_without_noise():
    x, t = draw(1)(size=(5, 3)), np.random.default_rng(2).uniform(0.5, 2, (5, 3))
    slugs, text = told(
        lambda x, t: (np.exp(x) - t * x).mean(), lambda x, t, dy: (np.exp(x) / 15 * dy, -x / 15 * dy), x=x, t=t
    )
    assert slugs == {"x": "missing_term"}, text
    assert "measured − claimed = -0.0666667 × t:" in text


def test_a_formula_for_some_entries_is_told_as_one():
    slugs, text = told(
        np.sinh, lambda x, dy: (dy * np.where(np.sin(7 * x) > 0, x * x, np.cosh(x)),), x=draw(1)(size=(5, 4))
    )
    assert slugs == {"x": "wrong_function"}, text
    assert "claimed = x² at " in text
    assert "which is not the derivative; it is right at the others" in text


def cosine(a, b):
    return (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))


def test_a_path_with_a_wrong_constant_is_not_said_to_be_left_out_alone():
    def back(a, b, dy):
        A, B = (np.sqrt((v * v).sum(-1, keepdims=True)) for v in (a, b))
        c, D = cosine(a, b)[:, None], dy[:, None]
        return D * (b / A / B - c / A * a), D * (a / A / B - c * b / B**2)  # A where A² belongs

    _, text = told(cosine, back, a=draw(1)(size=(4, 5)), b=draw(2)(size=(4, 5)))
    assert "is left out, or has a wrong constant" in text


def unit(x):
    return x / np.sqrt((x * x).sum(-1, keepdims=True))


def test_a_path_along_a_wrong_axis_has_no_constant():
    slugs, text = told(
        unit,
        lambda x, dy: ((dy - unit(x) * (dy * unit(x)).sum()) / np.sqrt((x * x).sum(-1, keepdims=True)),),
        x=draw(1)(size=(4, 5)),
    )
    assert slugs == {"x": "wrong_term"}, text
    assert "taken over other places" in text


def test_a_length_that_is_not_differentiated_is_left_out():
    slugs, text = told(unit, lambda x, dy: (dy / np.sqrt((x * x).sum(-1, keepdims=True)),), x=draw(1)(size=(4, 5)))
    assert slugs == {"x": "missing_term"}, text
    assert "the path through the length (root mean square) is left out" in text


def divergence(q, r):
    return 0.5 * (q * np.log(2 * q / (q + r)) + r * np.log(2 * r / (q + r))).sum(-1)


def test_a_constant_that_is_off_is_no_mean():
    """Of these inputs measured gradients happen to add up to little."""
    normal = draw(1)
    slugs, text = told(
        divergence,
        lambda q, r, dy: (
            dy[:, None] * 0.5 * (np.log(2 * q / (q + r)) + 1),
            dy[:, None] * 0.5 * np.log(2 * r / (q + r)),
        ),
        q=softmax(normal(size=(4, 5))),
        r=softmax(normal(size=(4, 5))),
    )
    assert slugs == {"q": "offset"}, text


def test_the_derivative_at_equal_inputs_is_no_stale_cache():
    slugs, text = told(
        lambda x: np.log(np.exp(x).sum(-1)), lambda x, dy: (np.ones_like(x) / 5 * dy[:, None],), x=draw(1)(size=(4, 5))
    )
    assert "stale_cache" not in slugs.values(), text


def test_a_square_matrix_that_is_left_out_is_a_factor_and_no_stale_cache():
    normal = draw(1)
    slugs, text = told(
        lambda A, B, C: A @ B @ C,
        lambda A, B, C, dy: (dy @ (B @ C).T, A.T @ dy, (A @ B).T @ dy),
        A=normal(size=(4, 2)),
        B=normal(size=(2, 3)),
        C=normal(size=(3, 3)),
    )
    assert slugs == {"B": "missing_factor"}, text
    assert "C is left out" in text


def test_a_target_that_is_forgotten_is_no_penalty():
    y, t = draw(1)(size=(5, 3)), draw(2)(size=(5, 3))
    slugs, text = told(
        lambda y, t: ((y - t) ** 2).mean(), lambda y, t, dy: (2 * y / 15 * dy, -2 * y / 15 * dy), y=y, t=t
    )
    assert slugs["t"] == "missing_term", text
    assert "a multiple of y − t" in text


def test_a_penalty_that_is_left_out_is_one():
    W, x = draw(1)(size=(5, 3)), draw(2)(size=(5, 3))
    slugs, text = told(
        lambda W, x: (np.sin(W) * x).sum() + 0.1 * (W * W).sum(),
        lambda W, x, dy: (np.cos(W) * x * dy, np.sin(W) * dy),
        W=W,
        x=x,
    )
    assert slugs == {"W": "regulariser"}, text


def test_float32_is_told_of_a_function_that_is_a_product():
    """x times a slope that is constant on each side: the other term of the product rule is nothing."""
    a = np.random.default_rng(1).uniform(0.1, 0.6, 4)
    slugs, text = told(
        lambda x: np.where(x > 0, x, a * x),
        lambda x, dy: ((dy * np.where(x > 0, 1, a)).astype(np.float32).astype(float),),
        x=draw(1)(size=(5, 4)),
    )
    assert slugs == {"x": "low_precision"}, text


def test_half_a_product_rule_is_a_missing_term():
    slugs, text = told(lambda x: x * np.tanh(x), lambda x, dy: (dy * np.tanh(x),), x=draw(1)(size=(5, 4)))
    assert slugs == {"x": "missing_term"}, text
    assert "product rule" in text


def test_a_bias_that_is_left_out_is_not_told_as_its_square():
    """Where few signs change, any small bias gives the mask that is claimed: the simplest is said."""
    normal = draw(0)
    x, W, b = normal(size=(8, 40)), normal(size=(40, 30)), 0.1 * normal(size=30)
    _, text = told(
        lambda x, W, b: np.maximum(x @ W / 6 + b, 0),
        lambda x, W, b, dy: ((d := dy * (x @ W > 0) / 6) @ W.T, x.T @ d, 6 * d.sum(0)),
        x=x,
        W=W,
        b=b,
    )
    assert "b²" not in text
    assert "b is left out" in text
