"""Faults that hid behind what is forgiven: ties, constant blocks, short formats, columns, label-like inputs."""

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import Verdict, adapt

SEEDS = (0, 1)


def verdicts(target_of, seeds=SEEDS):
    found = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 5])
        with np.errstate(all="ignore"):
            found.append(gradcheck.check(target_of(rng), seed=seed).verdict)
    return found


def told(target_of, seeds=SEEDS):
    return all(verdict.wrong for verdict in verdicts(target_of, seeds))


def verified(target_of, seeds=SEEDS):
    return set(verdicts(target_of, seeds)) <= {Verdict.AGREES, Verdict.KINK}


def on_kinks(change):
    """Relu at points that are zero in places, its cotangent changed."""

    def target(rng):
        x = np.where(rng.random((3, 5)) < 0.4, 0.0, rng.standard_normal((3, 5)))
        return adapt.vjp(lambda x: np.maximum(x, 0), lambda i, u: (change(u) * (i[0] > 0),), x, name="relu")

    return target


@pytest.mark.parametrize(
    "change", [lambda u: np.clip(u, -100, 100), lambda u: 1e3 * np.tanh(u / 1e3), np.abs], ids=["clip", "tanh", "abs"]
)
def test_a_nonlinear_pullback_does_not_hide_on_kinks(change):
    assert told(on_kinks(change))


def test_a_linear_pullback_on_kinks_is_verified():
    assert verified(on_kinks(lambda u: u))


def bent(change, dtype):
    """Tanh with its cotangent changed where it is large, or small."""

    def vjp(inputs, u):
        return ((change(u) * (1 - np.tanh(inputs[0]) ** 2)).astype(dtype),)

    return lambda rng: adapt.vjp(np.tanh, vjp, rng.standard_normal((3, 5)).astype(dtype), name="tanh")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("limit", [30.0, 1e3, 1e5])
def test_a_cotangent_clipped_or_dropped_far_from_one_is_told(limit, dtype):
    assert told(bent(lambda u: np.clip(u, -limit, limit), dtype))
    assert told(bent(lambda u: np.where(np.abs(u) < 1 / limit, 0, u), dtype))


def test_in_float16_the_cotangent_is_made_as_large_as_it_can_be():
    assert told(bent(lambda u: np.clip(u, -40, 40), np.float16))
    assert verified(bent(lambda u: u, np.float16))


def test_a_product_that_leaves_float16_on_the_way_is_not_called_nonlinear():
    """The sum over 400 terms overflows for a cotangent 64 times as large, before it is averaged."""

    def vjp(inputs, u):
        return ((np.float16(2) * inputs[0] * (u * np.float16(400)) / np.float16(400)),)

    assert verified(lambda rng: adapt.vjp(np.square, vjp, rng.standard_normal((3, 5)).astype(np.float16), name="f"))


def settled(tolerance):
    """x solves (a + 6 I) x = b by Jacobi's iteration; the backward solves by the same to the same tolerance."""

    def solve(a, b):
        d, x = np.diag(a) + 6, 0 * b
        for _ in range(500):
            new = (b - (a @ x - np.diag(a) * x)) / d
            if np.abs(new - x).max() < tolerance:
                return new
            x = new
        return x

    def vjp(inputs, u):
        a, b = inputs
        g = solve(a.T, u)
        return -np.outer(g, solve(a, b)), g

    return lambda rng: adapt.vjp(solve, vjp, rng.standard_normal((3, 3)), rng.standard_normal(3), name="jacobi")


def test_a_backward_that_iterates_to_a_tolerance_is_linear():
    assert verified(settled(1e-9))


def whole_numbers(vjp):
    return lambda rng: adapt.vjp(np.square, vjp, rng.permutation(15).reshape(3, 5) - 20.0, name="square")


def test_none_for_the_only_input_is_told_even_where_it_looks_like_labels():
    assert told(whole_numbers(lambda i, u: (None,)))
    assert verified(whole_numbers(lambda i, u: (2 * i[0] * u,)))


def test_none_for_labels_beside_a_gradient_is_right():
    def target(rng):
        y = rng.integers(0, 3, (4, 3)).astype(float)
        f, pull = lambda p, y: ((p - y) ** 2).sum(), lambda i, u: (2 * u * (i[0] - i[1]), None)
        return adapt.vjp(f, pull, rng.standard_normal((4, 3)), y, name="squares")

    assert verified(target)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.3])
@pytest.mark.parametrize("wrt", [None, ("x",), ("x", "b")])
def test_none_for_a_parameter_at_its_start_is_open_until_wrt_says_what_is_due(value, wrt):
    x, b = np.random.default_rng(0).standard_normal((4, 3)), np.full(3, value)
    f, pull = lambda x, b: np.tanh(x + b), lambda i, u: (u * (1 - np.tanh(i[0] + i[1]) ** 2), None)
    (of_none,) = (
        finding
        for finding in gradcheck.check(adapt.vjp(f, pull, x, b, names=("x", "b"), wrt=wrt)).findings
        if finding.check == "contract.none"
    )
    expected = {None: Verdict.INCONCLUSIVE, ("x",): Verdict.AGREES, ("x", "b"): Verdict.MALFORMED}
    assert of_none.verdict is expected[wrt]
    assert ("in wrt what is due" in of_none.reason) == (wrt is None)


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e-9])
def test_none_for_a_small_input_of_float32_is_told(scale):
    def target(answers):
        def made(rng):
            x, b = rng.standard_normal((4, 3)).astype(np.float32), (scale * rng.standard_normal(3)).astype(np.float32)

            def pull(i, u):
                d = u * (1 - np.tanh(i[0] + i[1]) ** 2)
                return d, d.sum(axis=0) if answers else None

            return adapt.vjp(lambda x, b: np.tanh(x + b), pull, x, b, names=("x", "b"), name="bias")

        return made

    assert told(target(False))
    assert verified(target(True))


@pytest.mark.parametrize("claim", [1e-9, 1e-12])
def test_a_gradient_claimed_of_a_constant_is_told(claim):
    f = lambda x: 3.0  # noqa: E731  # a number, whatever x
    assert told(lambda rng: adapt.gradient(f, lambda x: np.full_like(x, claim), rng.standard_normal(5)))
    assert verified(lambda rng: adapt.gradient(f, np.zeros_like, rng.standard_normal(5)))


def quantised(levels, slope):
    def target(rng):
        x = rng.standard_normal((3, 5))
        return adapt.vjp(lambda x: np.floor(levels * x) / levels, lambda i, u: (slope * u,), x, name="quantised")

    return target


@pytest.mark.parametrize("levels", [16, 64])
def test_a_quantiser_of_binary_steps_is_a_staircase_and_no_short_format(levels):
    assert told(quantised(levels, 1.0))
    assert verified(quantised(levels, 0.0))


def test_outputs_rounded_to_half_precision_are_judged_at_theirs():
    def target(factor):
        f = lambda x: np.tanh(x).astype(np.float16).astype(float)  # noqa: E731
        slope = lambda i, u: (factor * u * (1 - np.tanh(i[0]) ** 2),)  # noqa: E731
        return lambda rng: adapt.vjp(f, slope, rng.standard_normal((3, 5)), name="half")

    assert verified(target(1.0))
    assert told(target(1.5))
    assert told(target(-1.0))


def forward_mode(jvp):
    return lambda rng: adapt.jvp(
        lambda a, b: a * b, jvp, rng.standard_normal(5), rng.standard_normal(5), names=("a", "b"), name="product"
    )


def product(inputs, tangents):
    return inputs[1] * tangents[0] + inputs[0] * tangents[1]


BENT = {
    "both tangents multiplied": lambda i, t: product(i, t) + t[0] * t[1],
    "absolute": lambda i, t: product(i, tuple(np.abs(each) for each in t)),
    "squared": lambda i, t: product(i, tuple(each**2 for each in t)),
    "sign only": lambda i, t: product(i, tuple(np.sign(each) for each in t)),
    "clipped at 10": lambda i, t: product(i, tuple(np.clip(each, -10, 10) for each in t)),
    "writes into its tangent": lambda i, t: np.multiply(i[1], t[0], out=t[0]) + i[0] * t[1],
}


@pytest.mark.parametrize("jvp", BENT.values(), ids=BENT.keys())
def test_a_jvp_whose_columns_alone_are_right_is_told(jvp):
    assert told(forward_mode(jvp))


def test_a_linear_jvp_is_verified():
    assert verified(forward_mode(product))


def test_a_complex_jacobian_of_a_real_function_is_told():
    def target(part):
        return lambda rng: adapt.jacobian(
            np.square, lambda x: np.diag(2 * x) + part * np.ones((4, 4)), rng.standard_normal(4), name="squares"
        )

    assert told(target(1j))
    assert verified(target(0.0))


class Marked:
    """Keeps its input on itself, as most layers do."""

    def __init__(self, spoil):
        self.W = np.random.default_rng(3).standard_normal((3, 5))
        self.spoil = spoil

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dy):
        self.dW = self.x.T @ dy
        if self.spoil:
            self.x += 1.0
        return dy @ self.W.T


def test_an_object_that_writes_into_its_input_through_an_attribute_is_told():
    assert told(lambda rng: adapt.object(Marked(True), rng.standard_normal((4, 3))))
    assert verified(lambda rng: adapt.object(Marked(False), rng.standard_normal((4, 3))))


class Slope:
    def __init__(self, f, grad):
        self.f, self.grad = f, grad

    def __call__(self, x):
        return self.f(x)


def rectified(at_zero, end=6.0):
    relu6 = Slope(lambda x: np.clip(x, 0, 6), lambda x: np.where(x == 0, at_zero, (x > 0) & (x < end)))
    return lambda rng: adapt.activation(relu6, rng.uniform(0.2, 3.0, (3, 5)), name="relu6")


def test_an_activation_is_looked_at_in_zero_and_between_its_thresholds():
    assert told(rectified(-1.0))
    assert told(rectified(0.0, 6.9))
    assert all(verified(rectified(valid)) for valid in (0.0, 0.5, 1.0))


def test_a_vertical_tangent_in_zero_is_left_alone():
    root = Slope(lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: 0.5 / np.sqrt(np.abs(x)))
    assert verified(lambda rng: adapt.activation(root, rng.uniform(0.5, 2.0, (3, 5)), name="root"))


@pytest.mark.parametrize("seed", [101, 0, 1, 2])
def test_what_a_saturated_output_rounds_off_is_not_called_wrong(seed):
    """The largest of these inputs has a probability of one to the last digit, and a gradient of 1e-19."""
    x = np.array([[-24.66005011, -15.16014026, -4.97699973, 18.01708611, -7.71774601, -20.42302678]])
    spread = np.random.default_rng(seed).normal(scale=12.0, size=(3, 5))
    for point in (x, spread):
        report = gradcheck.check(adapt.layer(netcore.Softmax(), {}, point, name="Softmax(axis=-1)"), seed=seed)
        assert not report.verdict.wrong, str(report)


def test_a_second_oracle_settles_rounding_and_no_mistake():
    """Near zero xˣ bends too much for differences; the complex step sees its slope, and a mistake of 1e-6 in it."""
    signs = (-1.0) ** np.arange(15).reshape(3, 5)

    def power(size):
        def vjp(inputs, u):
            x = inputs[0]
            return ((1 + size * signs) * x**x * (np.log(x) + 1) * u,)

        draw = lambda rng: 10.0 ** rng.uniform(-9, -6, (3, 5))  # noqa: E731
        return lambda rng: adapt.vjp(lambda x: x**x, vjp, draw(rng), names=("x",), name="power")

    assert Verdict.AGREES not in verdicts(power(1e-6), seeds=range(6, 10))
    assert verified(power(0.0), seeds=range(6, 10))
