"""What autograd asks of a Function beside its formula: a cache of its own, any layout, double backward."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

torch = pytest.importorskip("torch")

LAST = {}


class Outside(torch.autograd.Function):
    """sin, with what its backward needs outside of ctx: that of the latest forward."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        LAST["x"] = x.detach().clone()
        return torch.sin(x)

    @staticmethod
    def backward(ctx, dy):
        return dy * torch.cos(LAST["x"])


class Inside(Outside):
    @staticmethod
    def backward(ctx, dy):
        return dy * torch.cos(ctx.saved_tensors[0])


class Writing(torch.autograd.Function):
    """relu, whose backward makes the mask in place of its saved input."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.saved_tensors[0].data.gt_(0)


class Strides(torch.autograd.Function):
    """3 x, right but for a cotangent that is one number for all."""

    @staticmethod
    def forward(ctx, x):
        return 3 * x

    @staticmethod
    def backward(ctx, dy):
        return dy * (2 if 0 in dy.stride() else 3)


class Mean(torch.autograd.Function):
    """The mean square, one number, with a backward that can be differentiated."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x**2).mean()

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * 2 * x / x.numel()


def tensor(*shape):
    return torch.from_numpy(np.random.default_rng(8).normal(size=shape))


def wrong(function, *shape):
    report = gradcheck.check(adapt.torch(function, tensor(*shape)))
    return {f.check for f in report.findings if f.verdict.wrong}


def test_a_cache_outside_of_its_call_is_written_over_by_the_next_forward():
    assert wrong(Outside, 2, 3) == {"pullback.repeatable"}
    assert gradcheck.check(adapt.torch(Inside, tensor(2, 3))).verdict is Verdict.AGREES


def test_a_backward_that_writes_into_its_saved_input_is_told():
    assert "contract.mutation" in wrong(Writing, 4, 3)


@pytest.mark.parametrize("shape", [(6,), (4, 3), (1, 6), (6, 1)])
def test_a_cotangent_may_be_one_number_for_all(shape):
    assert wrong(Strides, *shape) == {"contract.layout"}


def test_a_state_that_the_forward_writes_in_place_is_no_cache_that_is_kept():
    """torch itself refuses a backward after the next forward then, and tells why."""

    kept = torch.zeros(2, 3, dtype=torch.float64)

    def carry(x):
        return x * kept.copy_(torch.tanh(x.detach()))

    told = gradcheck.check(adapt.torch(carry, tensor(2, 3)))
    assert told.verdict is Verdict.DISAGREES  # by the slope of what was detached, and by nothing else
    assert {f.check for f in told.findings if f.verdict.wrong} <= {"gradient.direction", "gradient.entries"}


def test_a_double_backward_of_one_number_is_verified():
    targets = adapt.torch(Mean, tensor(4, 3), order=2)
    report = gradcheck.check(targets)
    assert report.verdict is Verdict.AGREES
    assert {f.wrt for f in report.findings if f.check == "gradient.direction"} == {"x", "cotangent"}


def test_the_same_cache_in_a_custom_vjp_is_told():
    jax = pytest.importorskip("jax")

    @jax.custom_vjp
    def sine(x):
        return jax.numpy.sin(x)

    def ahead(x):
        LAST["jax"] = x
        return jax.numpy.sin(x), x

    def back(kept, u):
        return (u * jax.numpy.cos(LAST["jax"]),)

    sine.defvjp(ahead, back)
    x = np.random.default_rng(8).normal(size=(2, 3))
    report = gradcheck.check(adapt.jax(sine, x))
    assert {f.check for f in report.findings if f.verdict.wrong} == {"pullback.repeatable"}
    sine.defvjp(ahead, lambda kept, u: (u * jax.numpy.cos(kept),))
    assert gradcheck.check(adapt.jax(sine, x)).verdict is Verdict.AGREES
