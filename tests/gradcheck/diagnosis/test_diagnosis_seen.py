"""Where a mistake is: what has no derivative, or too faint a one, speaks neither for nor against a place."""

import numpy as np
import pytest

from tests.planted.judging import told


def draw(seed=3):
    return np.random.default_rng(seed).normal


def relu_layer(spoil):
    def back(x, W, dy):
        d = dy * (x @ W > 0)
        return spoil(d @ W.T, x), x.T @ d

    return back


def column(dx, x):
    dx[:, 1] = 0
    return dx


@pytest.mark.parametrize("seed", range(3))
def test_entries_without_a_derivative_do_not_speak_against_a_column(seed):
    """Rows of x that no unit is active for have no derivative that could be wrong."""
    normal = draw(seed)
    slugs, text = told(
        lambda x, W: np.maximum(x @ W, 0), relu_layer(column), x=normal(size=(5, 4)), W=normal(size=(4, 3))
    )
    assert slugs == {"x": "one_channel"}, text
    assert "column 1 of x is wrong" in text


def test_zeros_at_no_place_are_still_a_mask():
    normal, kept = draw(), np.random.default_rng(0).random((5, 4)) < 0.6
    slugs, text = told(
        lambda x, W: np.tanh(x @ W),
        lambda x, W, dy: ((d := dy * (1 - np.tanh(x @ W) ** 2)) @ W.T * kept, x.T @ d),
        x=normal(size=(5, 4)),
        W=normal(size=(4, 3)),
    )
    assert slugs == {"x": "mask"}, text


def test_rows_of_a_hinge_are_told_by_their_place():
    normal, t = draw(7), np.where(np.random.default_rng(8).random((6, 4)) < 0.5, 1.0, -1.0)

    def back(x, t, dy):
        d = -dy * t * (t * x < 1)
        return np.where(np.arange(6)[:, None] < 3, 2 * d, d), -dy * x * (t * x < 1)

    slugs, text = told(lambda x, t: np.maximum(0, 1 - t * x).sum(), back, x=normal(size=(6, 4)), t=t)
    assert slugs == {"x": "part"}, text
    assert "0 to 2 of axis 0 of x" in text


def test_most_of_an_axis_is_no_part_of_it():
    normal = draw()
    odd = np.array([[0.3], [1.7], [0.9], [2.1], [1.0]])
    slugs, text = told(
        lambda x, W: np.tanh(x @ W),
        lambda x, W, dy: ((d := dy * (1 - np.tanh(x @ W) ** 2)) @ W.T * odd, x.T @ d),
        x=normal(size=(5, 4)),
        W=normal(size=(4, 3)),
    )
    assert "part" not in slugs.values(), text


@pytest.mark.parametrize("seed", range(3))
def test_faint_gradients_have_a_sign_and_no_places(seed):
    """At 1e-8 of the output a central difference has some four digits, at 1e-10 about two."""
    normal = draw(seed)
    a, b = normal(size=(4, 3)), normal(size=(4, 3))

    def turned(scale):
        return told(
            lambda a, b: 1 + scale * np.sin(a) * np.exp(b),
            lambda a, b, dy: (dy * scale * np.cos(a) * np.exp(b), -dy * scale * np.sin(a) * np.exp(b)),
            a=a,
            b=b,
        )

    assert turned(1e-8)[0] == {"b": "sign"}
    assert turned(1e-10)[0]["b"] in ("sign", None)


def test_a_factor_is_told_in_the_digits_that_it_has():
    normal = draw()
    a, b = normal(size=(4, 3)), normal(size=(4, 3))
    slugs, text = told(
        lambda a, b: 1 + 1e-8 * np.sin(a) * np.exp(b),
        lambda a, b, dy: (dy * 1e-8 * np.cos(a) * np.exp(b), 1.37e-8 * dy * np.sin(a) * np.exp(b)),
        a=a,
        b=b,
    )
    assert slugs == {"b": "factor"}, text
    digits = text.split("claimed = ")[1].split(" ×")[0]
    assert float(digits) == pytest.approx(1.37, abs=0.01)
    assert len(digits) < 7


def standardised(x, ddof):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True, ddof=ddof) + 1e-5)


def test_one_factor_along_an_axis_of_one_place_does_not_alternate():
    """g is (1, 6): its rows are all even."""
    x, g = draw()(size=(5, 6)), np.random.default_rng(4).uniform(0.5, 2, (1, 6))
    slugs, text = told(
        lambda g: standardised(x, 0) * g, lambda g, dy: ((dy * standardised(x, 1)).sum(0, keepdims=True),), g=g
    )
    assert "alternating" not in slugs.values(), text


def test_neighbours_that_are_off_by_opposite_amounts_alternate():
    signs = 1 + 0.1 * (-1.0) ** np.arange(6)
    slugs, text = told(
        lambda g, x: x * np.sin(g),
        lambda g, x, dy: ((dy * x * np.cos(g)).sum(0, keepdims=True) * signs, dy * np.sin(g)),
        g=draw()(size=(1, 6)),
        x=draw(5)(size=(5, 6)),
    )
    assert slugs == {"g": "alternating"}, text


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_back(x, dy):
    y = softmax(x)
    return y * (dy - (dy * y).sum(-1, keepdims=True))


def test_the_rounding_of_zero_is_zero_and_has_no_pattern():
    """The gradients of a softmax add up to nothing, so that their mean is rounding."""
    slugs, text = told(softmax, lambda x, dy: (np.full_like(x, softmax_back(x, dy).mean()),), x=draw(0)(size=(4, 5)))
    assert slugs == {"x": "zero"}, text
    assert "rounding" in text


def test_a_mean_of_what_does_not_vanish_is_averaged():
    slugs, text = told(np.sinh, lambda x, dy: (np.full_like(x, (dy * np.cosh(x)).mean()),), x=draw(0)(size=(4, 5)))
    assert slugs == {"x": "averaged"}, text


def test_a_condition_is_told_the_way_round_that_people_read():
    x = np.abs(draw(1)(size=(6, 4))) + 0.1
    _, text = told(lambda x: np.maximum(x, 0), lambda x, dy: (dy * (x > 1),), x=x)
    assert "where x < 1" in text


STEPS = 4


def unrolled(x, W, U):
    h = [np.zeros((3, 5))]
    for t in range(STEPS):
        h.append(np.tanh(x[:, t] @ W + h[-1] @ U))
    return h


def unrolled_back(carry):
    def back(x, W, U, dy):
        h, dh = unrolled(x, W, U), 0.0
        dx, dW, dU = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U)
        for t in reversed(range(STEPS)):
            dz = (dh + dy[:, t]) * (1 - h[t + 1] ** 2)
            dx[:, t], dW, dU = dz @ W.T, dW + x[:, t].T @ dz, dU + h[t].T @ dz
            dh = carry(dz, U)
        return dx, dW, dU

    return back


def recurrent(back):
    normal = draw(1)
    arrays = {"x": normal(size=(3, STEPS, 2)), "W": normal(size=(2, 5)), "U": 0.6 * normal(size=(5, 5))}
    return told(lambda x, W, U: np.stack(unrolled(x, W, U)[1:], 1), back, **arrays)


def test_what_is_carried_from_step_to_step_is_told_and_not_a_part():
    slugs, text = recurrent(unrolled_back(lambda dz, U: dz @ U))  # the transpose is left out
    assert slugs == dict.fromkeys("xWU", "truncated_time"), text
    assert "what is carried from step to step along axis 1 is wrong" in text


def test_steps_that_are_scaled_are_told_by_their_place():
    right = unrolled_back(lambda dz, U: dz @ U.T)

    def back(x, W, U, dy):
        dx, dW, dU = right(x, W, U, dy)
        dx[:, :2] *= 2
        return dx, dW, dU

    slugs, text = recurrent(back)
    assert slugs == {"x": "part"}, text


def spoiled_row(g):
    g[7] *= 1.001


def spoiled_column(g):
    g[:, 3] = 0


def spoiled_box(g):
    g[:5, :5] = 0


@pytest.mark.parametrize(("shape", "spoil", "slug"), [
    ((100, 150), spoiled_row, "one_row"),
    ((200, 100), spoiled_row, "one_row"),
    ((200, 100), spoiled_column, "one_channel"),
    ((100, 150), spoiled_box, None),
])  # fmt: skip
def test_a_row_of_thousands_of_entries_is_not_called_one_entry(shape, spoil, slug):
    """Of a large block a sample is looked at for names, of which one entry may lie in the row; others were found."""

    def back(x, W, dy):
        d = dy * (1 - np.tanh(x @ W) ** 2)
        dW = x.T @ d
        spoil(dW)
        return d @ W.T, dW

    x, W = draw(0)(size=(6, shape[0])), 0.1 * draw(1)(size=shape)
    slugs, text = told(lambda x, W: np.tanh(x @ W), back, x=x, W=W)
    assert slugs.get("W") == slug, text


def test_what_grows_with_the_cotangent_is_not_clipped():
    """A multi-class hinge that forgets how many classes are violated: fewer sizes, none of them held."""
    truth = np.array([0, 3, 1, 4])

    def margins(x):
        gap = 1 + x - x[np.arange(4), truth][:, None]
        gap[np.arange(4), truth] = 0
        return gap

    def back(x, dy):
        g = (margins(x) > 0).astype(float)
        g[np.arange(4), truth] = -1
        return (dy * g,)

    slugs, text = told(lambda x: np.maximum(margins(x), 0).sum(), back, x=draw(0)(size=(4, 5)))
    assert slugs["x"] != "clipped", text
