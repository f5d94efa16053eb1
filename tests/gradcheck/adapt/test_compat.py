"""The peers' checkers by their own signatures, answered by our verdict."""

import inspect
import math

import numpy as np
import pytest
import scipy.optimize

from gradcheck import GradientMismatch, InputError, adapt, assert_agrees
from gradcheck.compat import jax_check_grads, scipy_check_grad, torch_gradcheck, torch_gradgradcheck


def rosen_wrong(x):
    g = scipy.optimize.rosen_der(x)
    g[1] *= 1 + 1e-5
    return g


X = np.array([0.3, -1.2, 2.0, 0.7])


def test_a_right_gradient_has_a_gap_of_zero():
    assert scipy_check_grad(scipy.optimize.rosen, scipy.optimize.rosen_der, X) == 0.0


def test_a_wrong_digit_has_a_gap_that_scipy_does_not_tell_from_its_own_noise():
    gap = scipy_check_grad(scipy.optimize.rosen, rosen_wrong, X)
    true = 1e-5 * abs(scipy.optimize.rosen_der(X)[1])
    assert gap == pytest.approx(true, rel=1e-3)
    assert gap.report.culprits == (("check_grad", "x"),)
    right = scipy.optimize.check_grad(scipy.optimize.rosen, scipy.optimize.rosen_der, X)
    assert right > 1e-6  # what scipy reports of the right one


def test_what_raises_or_is_malformed_passes_no_comparison():
    gap = scipy_check_grad(scipy.optimize.rosen, lambda x: np.full_like(x, np.nan), X)
    assert math.isnan(gap)
    assert not gap < 1e9


def test_further_arguments_are_handed_on():
    assert scipy_check_grad(lambda x, a: a * float(x @ x), lambda x, a: 2 * a * x, X, 3.0) == 0.0


def accepts(ours, theirs):
    own = list(inspect.signature(ours).parameters)
    return [name for name in inspect.signature(theirs).parameters if name not in own]


def test_scipy_check_grad_takes_scipys_arguments():
    assert accepts(scipy_check_grad, scipy.optimize.check_grad) in ([], ["seed"])


def test_torch_gradcheck_takes_torchs_arguments_and_raises_torchs_error():
    torch = pytest.importorskip("torch")
    from torch.autograd.gradcheck import GradcheckError

    assert accepts(torch_gradcheck, torch.autograd.gradcheck) == []
    assert accepts(torch_gradgradcheck, torch.autograd.gradgradcheck) == []
    x = torch.tensor([0.3, -1.2], dtype=torch.float64, requires_grad=True)
    assert torch_gradcheck(torch.tanh, (x,), eps=1e-6, atol=1e-4)
    assert torch_gradgradcheck(torch.tanh, (x,))
    assert torch_gradcheck(torch.tanh, x, fast_mode=True, check_forward_ad=True)

    class Zero(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 1e-6 * x**2

        @staticmethod
        def backward(ctx, dy):
            return torch.zeros_like(dy)

    assert torch.autograd.gradcheck(Zero.apply, (x,))  # the peer's absolute floor
    assert not torch_gradcheck(Zero.apply, (x,), raise_exception=False)
    with pytest.raises(GradcheckError) as caught:
        torch_gradcheck(Zero.apply, (x,))
    assert isinstance(caught.value, GradientMismatch)
    assert caught.value.report.culprits


def test_jax_check_grads_takes_jaxs_arguments():
    jax = pytest.importorskip("jax")
    test_util = pytest.importorskip("jax.test_util")
    assert accepts(jax_check_grads, test_util.check_grads) == []
    jax_check_grads(jax.numpy.sin, (X,), order=2)
    jax_check_grads(jax.numpy.sin, (X,), 1, ("rev",))

    @jax.custom_vjp
    def f(x):
        return x**2

    f.defvjp(lambda x: (f(x), x), lambda x, u: (2.0001 * x * u,))
    with pytest.raises(AssertionError, match="DISAGREES"):
        jax_check_grads(f, (X,), 1, ("rev",))


def test_scipys_direction_is_checked_as_scipy_does():
    assert scipy_check_grad(scipy.optimize.rosen, scipy.optimize.rosen_der, X, epsilon=1e-7, direction="random") == 0.0
    assert scipy_check_grad(scipy.optimize.rosen, rosen_wrong, X, direction="random") > 0
    with pytest.raises(ValueError, match="direction='both'"):
        scipy_check_grad(scipy.optimize.rosen, scipy.optimize.rosen_der, X, direction="both")


def test_a_subgradient_within_a_kink_is_no_gap_and_one_outside_is():
    x = np.array([0.7, 0.0, -1.3])
    assert scipy_check_grad(lambda x: float(np.maximum(x, 0).sum()), lambda x: (x > 0) * 1.0, x) == 0.0
    assert not scipy_check_grad(lambda x: float(np.maximum(x, 0).sum()), lambda x: (x > 0) * 1.0 - (x == 0), x) < 0.5


@pytest.fixture
def torch():
    found = pytest.importorskip("torch")
    found.set_num_threads(1)
    return found


def function(torch, forward, backward):
    class Made(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx, dy):
            return backward(ctx.saved_tensors[0], dy)

    return Made.apply


def test_what_torch_would_check_and_we_do_not_is_told(torch):
    x = torch.tensor([0.3, -1.2], dtype=torch.float64, requires_grad=True)
    with pytest.warns(UserWarning, match="not checked: check_batched_grad; torch.autograd.gradcheck looks at that"):
        assert torch_gradcheck(torch.tanh, (x,), check_batched_grad=True)
    with pytest.warns(UserWarning, match="not checked: check_fwd_over_rev"):
        assert torch_gradgradcheck(torch.tanh, (x,), check_fwd_over_rev=True)
    with pytest.raises(InputError, match="check_backward_ad=True but got False"):
        torch_gradcheck(torch.tanh, (x,), check_backward_ad=False)
    with pytest.raises(InputError, match="check_rev_over_rev=True but got False"):
        torch_gradgradcheck(torch.tanh, (x,), check_rev_over_rev=False)


def test_one_wrong_entry_that_torchs_fast_mode_accepts_is_refused(torch):
    spoilt = torch.ones(1000, dtype=torch.float64)
    spoilt[637] = 10.0
    f = function(torch, lambda x: x**2, lambda x, dy: 2 * x * dy * spoilt)
    x = (torch.rand(1000, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.5).requires_grad_()
    # torch adds all entries up, each weighted by chance: at one point of several it sees the one
    assert not torch_gradcheck(f, (x,), raise_exception=False)
    assert not torch_gradcheck(f, (x,), raise_exception=False, fast_mode=True)


def test_a_right_function_that_torch_rejects_is_accepted(torch):
    large = torch.tensor([1e11, -3e11], dtype=torch.float64, requires_grad=True)
    assert not torch.autograd.gradcheck(lambda x: x * 1.0, (large,), raise_exception=False)
    assert torch_gradcheck(lambda x: x * 1.0, (large,))
    x = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float32, requires_grad=True)
    with pytest.warns(UserWarning, match="double precision"):
        assert not torch.autograd.gradcheck(torch.tanh, (x,), raise_exception=False)
    assert torch_gradcheck(torch.tanh, (x,))


def test_a_wrong_second_derivative_is_refused(torch):
    f = function(torch, lambda x: x**3, lambda x, dy: 3 * x.detach() ** 2 * dy)
    x = torch.tensor([0.3, -1.2], dtype=torch.float64, requires_grad=True)
    assert torch_gradcheck(f, x)
    assert not torch_gradgradcheck(f, x, raise_exception=False)


def test_what_jax_accepts_by_the_size_of_an_array_is_refused():
    jax = pytest.importorskip("jax")
    test_util = pytest.importorskip("jax.test_util")

    @jax.custom_jvp
    def twice_too_steep(x):
        return x**2

    twice_too_steep.defjvp(lambda p, t: (p[0] ** 2, 4 * p[0] * t[0]))
    x = np.random.default_rng(0).normal(size=100_000).astype("f")
    test_util.check_grads(twice_too_steep, (x,), 1, ("fwd",))  # its tolerance grows with the array
    with pytest.raises(GradientMismatch):
        jax_check_grads(twice_too_steep, (x[:12],), 1, "fwd")
    with pytest.raises(InputError, match=r'modes=\("fwd", "rev"\)'):
        jax_check_grads(twice_too_steep, (x,), 1, "fwd")


def test_what_jax_accepts_for_its_absolute_floor_is_refused():
    jax = pytest.importorskip("jax")
    test_util = pytest.importorskip("jax.test_util")

    @jax.custom_vjp
    def small(x):
        return 1e-6 * jax.numpy.sin(x)

    small.defvjp(lambda x: (small(x), x), lambda x, u: (0 * u,))
    test_util.check_grads(small, (X.astype("f"),), 1, ("rev",))
    with pytest.raises(GradientMismatch):
        jax_check_grads(small, (X.astype("f"),), 1, ("rev",))


def test_jax_check_grads_finds_a_wrong_second_derivative():
    jax = pytest.importorskip("jax")

    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda p, t: (p[0] ** 3, 3 * jax.lax.stop_gradient(p[0]) ** 2 * t[0]))
    jax_check_grads(cube, (X,), order=1)
    with pytest.raises(GradientMismatch):
        jax_check_grads(cube, (X,), order=2)


def test_what_autograd_accepts_for_its_absolute_floor_is_refused():
    extend = pytest.importorskip("autograd.extend")
    theirs = pytest.importorskip("autograd.test_util")

    @extend.primitive
    def small(x):
        return 1e-7 * np.sin(x)

    extend.defvjp(small, lambda ans, x: lambda u: 0 * u)
    theirs.check_grads(small, modes=["rev"], order=1)(X)
    with pytest.raises(GradientMismatch):
        assert_agrees(adapt.autograd(small, X))
