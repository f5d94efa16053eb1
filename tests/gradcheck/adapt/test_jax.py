"""JAX: both modes against each other and against measurement, in float64 without touching the user's settings."""

import functools

import numpy as np
import pytest

from gradcheck import InputError, Verdict, adapt, check
from gradcheck.adapt.recognise import recognise

jax = pytest.importorskip("jax")
jnp = jax.numpy

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
W = np.random.default_rng(0).normal(size=(3, 5))


def dense(factor):
    @jax.custom_vjp
    def f(x, W):
        return jnp.tanh(x) @ W

    def bwd(kept, u):
        x, W = kept
        return (u @ W.T) * (1 - jnp.tanh(x) ** 2), factor * (jnp.tanh(x).T @ u)

    f.defvjp(lambda x, W: (f(x, W), (x, W)), bwd)
    return f


def test_a_custom_vjp_is_measured():
    target = adapt.jax(dense(1.0), X, W)
    assert target.jvp is None
    assert target.point.names == ("x", "W")
    assert check(target).ok
    assert check(adapt.jax(dense(0.5), X, W)).culprits == (("f", "W"),)


def test_the_source_is_the_backward():
    assert adapt.jax(dense(1.0), X, W).source[0] == __file__


def cubes(rule):
    @jax.custom_jvp
    def f(x):
        return x**3

    f.defjvp(rule)
    return f


def test_a_custom_jvp_is_measured_through_both_modes():
    right = cubes(lambda p, t: (p[0] ** 3, 3 * p[0] ** 2 * t[0]))
    target = adapt.jax(right, X)
    assert target.jvp is not None
    report = check(target)
    assert report.ok
    assert "adjoint.dot" in {f.check for f in report.findings}
    wrong = cubes(lambda p, t: (p[0] ** 3, 2 * p[0] ** 2 * t[0]))
    assert check(adapt.jax(wrong, X)).verdict is Verdict.DISAGREES


def test_a_function_with_forward_mode_only_is_measured_by_it():
    @jax.jit
    def f(x):
        return jax.lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, jnp.sin(s[1])), (0, x))[1]

    assert check(adapt.jax(f, X)).ok
    assert check(adapt.jax(jnp.sin, X, modes=("fwd",))).ok


def test_pytrees_are_named_by_their_paths():
    params = {"W": W, "layers": [np.ones(5), np.full(5, 2.0)]}
    target = adapt.jax(lambda params, x, n: {"y": (x @ params["W"] * params["layers"][1]) ** n}, params, X, 2)
    assert target.point.names == ("params.W", "params.layers.0", "params.layers.1", "x", "n")
    assert check(target).ok


def test_float64_is_used_inside_and_the_users_setting_left():
    before = jax.config.jax_enable_x64
    target = adapt.jax(jax.jit(jnp.sin), X.astype(np.float32))
    report = check(target)
    assert report.ok
    assert min(f.resolution for f in report.findings if f.resolution) < 1e-8
    assert jax.config.jax_enable_x64 == before
    assert jnp.asarray(1.0).dtype == (jnp.float64 if before else jnp.float32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_shipped_precision_is_judged_on_request(dtype):
    target = adapt.jax(dense(1.0), X.astype(dtype), W.astype(dtype), as_shipped=True)
    assert target.point["x"].dtype == dtype
    assert check(target).ok
    assert check(adapt.jax(dense(0.5), X.astype(dtype), W.astype(dtype), as_shipped=True)).culprits


def test_bfloat16_inputs_are_widened():
    assert check(adapt.jax(jnp.tanh, jnp.asarray(X, jnp.bfloat16))).ok


@pytest.mark.parametrize("f", [lambda z: jnp.sin(z) * z.conj(), lambda z: jnp.abs(z) ** 2 * z, jnp.fft.fft])
def test_complex_gradients_follow_our_convention(f):
    assert check(adapt.jax(f, X + 1j * X[:, ::-1])).ok


def test_integers_keys_and_outputs_without_a_derivative_are_handed_on():
    f = lambda key, x: {"y": x * jax.random.bernoulli(key, 0.5, x.shape), "n": jnp.argmax(x)}  # noqa: E731
    assert check(adapt.jax(f, jax.random.key(0), X)).ok


def test_the_second_order_is_a_target_of_its_own():
    first, second = adapt.jax(lambda x, W: jnp.sum(jnp.sin(x @ W)), X, W, order=2, name="f")
    assert second.name == "f/order 2"
    assert check([first, second], effort="quick").ok


def test_a_wrong_second_derivative_is_found():
    wrong = cubes(lambda p, t: (p[0] ** 3, 3 * jax.lax.stop_gradient(p[0]) ** 2 * t[0]))
    first, second = adapt.jax(wrong, X, order=2)
    assert check(first).ok
    assert check(second).verdict is Verdict.DISAGREES


@pytest.mark.parametrize(
    ("keywords", "message"),
    [({"modes": ("backward",)}, "modes"), ({"order": 0}, "order"), ({"names": ("a", "b")}, "one name an input")],
)
def test_arguments_are_validated(keywords, message):
    with pytest.raises(InputError, match=message):
        adapt.jax(jnp.sin, X, **keywords)


def test_functions_of_jax_are_recognised_with_pytrees_and_by_their_own_names():
    f = dense(1.0)
    assert recognise(f, {"x": X, "W": W})[0].name == "f"
    assert recognise(jax.jit(f), {"x": X, "W": W})[0].name == "f"
    assert recognise(functools.partial(f, W=W), {"x": X})[0].name == "f"

    def affine(params, x):
        return jnp.tanh(x @ params["W"] + params["b"][0])

    (target,) = recognise(affine, {"params": {"W": W, "b": [np.ones(5)]}, "x": X})
    assert target.point.names == ("params.W", "params.b.0", "x")
    assert check(target, effort="quick").ok


def test_a_recognised_custom_jvp_with_a_turned_sign_is_found():
    wrong = cubes(lambda p, t: (p[0] ** 3, -3 * p[0] ** 2 * t[0]))
    report = check(recognise(wrong, {"x": X}), effort="quick")
    assert report.culprits == (("f", "x"),)


def test_forward_mode_alone_has_a_limit_that_names_the_other_mode():
    with pytest.raises(InputError, match=r'at most 512 entries .* modes=\("fwd", "rev"\)'):
        adapt.jax(jnp.sin, np.ones(600), modes=("fwd",))
