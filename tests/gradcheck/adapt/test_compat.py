"""The peers' checkers by their own signatures, answered by our verdict."""

import inspect
import math

import numpy as np
import pytest
import scipy.optimize

from gradcheck import GradientMismatch
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
