"""Gradient checkers, each asked in its own form whether it passes a function that is written in numpy."""

import contextlib
from dataclasses import dataclass

import numpy as np

import gradcheck
from gradcheck import adapt


@dataclass(frozen=True)
class Function:
    """f(x) and its pullback vjp(x, u), of float64 arrays, at x."""

    name: str
    f: object
    vjp: object
    x: np.ndarray

    def spoiled(self, how, size):
        """The same with a relative error in the gradient."""
        right = self.vjp
        reference = right(self.x, np.ones_like(np.asarray(self.f(self.x))))
        typical = int(np.argsort(np.abs(reference), axis=None)[reference.size // 2])

        def vjp(x, u):
            g = np.array(right(x, u))
            if how == "factor":
                return g * (1 + size)
            g.flat[typical] *= 1 + size
            return g

        return Function(self.name, self.f, vjp, self.x)


def ours(function):
    target = adapt.vjp(function.f, lambda i, u: (function.vjp(i[0], u),), function.x, names=("x",), name=function.name)
    return gradcheck.check(target).exit_code == 0


def ours_wrong(function):
    """Whether we say that something is wrong: what stays open is neither verified nor accused."""
    target = adapt.vjp(function.f, lambda i, u: (function.vjp(i[0], u),), function.x, names=("x",), name=function.name)
    return gradcheck.check(target).exit_code == 1


def torchs(fast):
    import torch

    def passes(function):
        class Written(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return torch.from_numpy(np.array(function.f(x.detach().numpy().copy())))

            @staticmethod
            def backward(ctx, u):
                (x,) = ctx.saved_tensors
                return torch.from_numpy(np.array(function.vjp(x.detach().numpy().copy(), u.numpy().copy())))

        x = torch.from_numpy(function.x.copy()).requires_grad_()
        return bool(torch.autograd.gradcheck(Written.apply, (x,), fast_mode=fast, raise_exception=False))

    return passes


def jax_vjp():
    import jax
    from jax.test_util import check_vjp

    jax.config.update("jax_enable_x64", True)

    def passes(function):
        def f(x):
            return np.asarray(function.f(np.asarray(x)))

        def f_vjp(x):
            return f(x), lambda u: (function.vjp(np.asarray(x), np.asarray(u)),)

        try:
            check_vjp(f, f_vjp, (function.x.copy(),))
        except AssertionError:
            return False
        return True

    return passes


def jax_grads():
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)

    def passes(function):
        y = np.asarray(function.f(function.x))
        out, back = jax.ShapeDtypeStruct(y.shape, y.dtype), jax.ShapeDtypeStruct(function.x.shape, function.x.dtype)

        @jax.custom_vjp
        def f(x):
            return jax.pure_callback(lambda x: np.asarray(function.f(np.asarray(x))), out, x)

        def backward(x, u):
            return (jax.pure_callback(lambda x, u: function.vjp(np.asarray(x), np.asarray(u)), back, x, u),)

        f.defvjp(lambda x: (f(x), x), backward)
        try:
            check_grads(f, (function.x.copy(),), order=1, modes=["rev"])
        except AssertionError:
            return False
        return True

    return passes


def autograds():
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    def passes(function):
        @primitive
        def f(x):
            return function.f(np.asarray(x))

        defvjp(f, lambda y, x: lambda u: function.vjp(np.asarray(x), np.asarray(u)))
        try:
            check_grads(f, modes=["rev"], order=1)(function.x.copy())
        except AssertionError:
            return False
        return True

    return passes


def scipys():
    from scipy.optimize import check_grad

    def passes(function):
        y = np.asarray(function.f(function.x))
        u = np.random.default_rng(0).uniform(0.5, 1.5, y.shape)
        shape = function.x.shape

        def phi(x):
            return float(np.sum(u * function.f(x.reshape(shape))))

        def slope(x):
            return function.vjp(x.reshape(shape), u).ravel()

        error = check_grad(phi, slope, function.x.ravel())
        return bool(error <= 1e-5 * max(1.0, float(np.linalg.norm(slope(function.x.ravel())))))

    return passes


def contestants():
    """Whoever is installed, as {name: (whether it passes a function, whether it says that something is wrong)}."""
    makers = {
        "torch slow": lambda: torchs(False),
        "torch fast": lambda: torchs(True),
        "jax check_vjp": jax_vjp,
        "jax check_grads": jax_grads,
        "autograd": autograds,
        "scipy": scipys,
    }
    found = {"gradcheck": (ours, ours_wrong)}
    for name, make in makers.items():
        with contextlib.suppress(ImportError):
            passes = make()
            found[name] = (passes, lambda function, passes=passes: not passes(function))
    return found
