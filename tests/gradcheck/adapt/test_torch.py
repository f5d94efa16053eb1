"""torch: functions, modules and their parameters; and the cases where torch's own checker is known to be wrong."""

import subprocess
import sys

import numpy as np
import pytest

from gradcheck import InputError, Verdict, adapt, check

torch = pytest.importorskip("torch")
nn = torch.nn
torch.set_num_threads(1)  # small tensors: threads only wait for each other


def randn(*shape, dtype=torch.float64, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


class Power(torch.autograd.Function):
    """xⁿ W with a factor in the gradient of W."""

    factor = 1.0

    @staticmethod
    def forward(ctx, x, W, n):
        ctx.save_for_backward(x, W)
        ctx.n = n
        return x**n @ W

    @classmethod
    def pull(cls, ctx, dy):
        x, W = ctx.saved_tensors
        return (dy @ W.T) * ctx.n * x ** (ctx.n - 1), cls.factor * ((x**ctx.n).T @ dy), None

    @staticmethod
    def backward(ctx, dy):
        return Power.pull(ctx, dy)


class Twice(Power):
    factor = 2.0

    @staticmethod
    def backward(ctx, dy):
        return Twice.pull(ctx, dy)


class Bend(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(randn(3, 5, seed=4))

    def forward(self, x):
        return Twice.apply(x, self.W, 2)


def test_a_function_is_checked_by_the_names_of_its_forward():
    target = adapt.torch(Power, randn(4, 3), randn(3, 5, seed=1), 3)
    assert target.point.names == ("x", "W", "n")
    assert target.source[0] == __file__
    assert check(target).ok


def test_a_factor_two_is_told_with_its_quantity():
    report = check(adapt.torch(Twice, randn(4, 3), randn(3, 5, seed=1), 3))
    assert report.culprits == (("Twice", "W"),)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_shipped_precision_is_judged_on_request(dtype):
    inputs = randn(4, 3, dtype=dtype), randn(3, 5, seed=1, dtype=dtype), 3
    assert check(adapt.torch(Power, *inputs, as_shipped=True)).ok
    assert check(adapt.torch(Twice, *inputs, as_shipped=True)).culprits == (("Twice", "W"),)
    assert adapt.torch(Power, *inputs).point["x"].dtype == np.float64


def test_double_backward_is_a_target_of_its_own():
    first, second = adapt.torch(Power, randn(4, 3), randn(3, 5, seed=1), 3, order=2)
    assert second.name == "Power/double backward"
    assert check([first, second]).ok


def test_a_backward_that_leaves_the_graph_has_a_wrong_double_backward():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dy):
            return dy * 3 * ctx.saved_tensors[0].detach() ** 2

    first, second = adapt.torch(Cube, randn(4, 3), order=2)
    assert check(first).ok
    assert check(second).verdict.wrong


def test_once_differentiable_is_refused_a_double_backward():
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, dy):
            return dy * 3 * ctx.saved_tensors[0] ** 2

    assert check(adapt.torch(Once, randn(4, 3))).ok
    with pytest.raises(InputError, match="once_differentiable"):
        adapt.torch(Once, randn(4, 3), order=2)


def test_a_function_with_a_jvp_is_checked_in_both_modes():
    class Tanh(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return torch.tanh(x)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(output)
            ctx.save_for_forward(output)

        @staticmethod
        def backward(ctx, dy):
            return dy * (1 - ctx.saved_tensors[0] ** 2)

        @staticmethod
        def jvp(ctx, tangent):
            return tangent * (1 - ctx.saved_tensors[0] ** 2) * 1.001

    target = adapt.torch(Tanh, randn(4, 3))
    assert target.jvp is not None
    assert [f.check for f in check(target).failures] == ["adjoint.dot"]


def test_a_module_is_checked_with_respect_to_every_parameter_and_left_alone():
    net = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 2))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    state = torch.get_rng_state()
    targets = adapt.torch(net, randn(7, 3, dtype=torch.float32))
    names = [t.layer for t in targets]
    assert names == ["0 Linear", "1 BatchNorm1d", "2 ReLU", "3 Dropout", "4 Linear", ""]
    report = check(targets, effort="quick")
    assert report.ok, str(report)
    assert set(targets[-1].point.names) == {
        "input", "0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias",
    }  # fmt: skip
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert all(p.grad is None and p.dtype is torch.float32 for p in net.parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_training_and_eval_are_both_modes_of_one_module():
    net = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))
    for training in (True, False):
        assert check(adapt.torch(net, randn(7, 3), training=training), effort="quick").ok
    assert net.training


def test_the_module_whose_own_backward_is_wrong_is_the_culprit():
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), Bend(), nn.Tanh(), nn.Linear(5, 2))
    report = check(adapt.torch(net, randn(7, 2)), effort="quick")
    assert report.culprits == (("2 Bend", "W"),)


def test_a_residual_block_names_the_inner_module():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(3, 3), nn.GELU())
            self.scale = nn.Parameter(torch.tensor([0.5, 1.5, -0.7]))

        def forward(self, x):
            return x + self.scale * self.inner(x)

    targets = adapt.torch(nn.Sequential(Block(), nn.Linear(3, 2)), randn(7, 3))
    assert [t.layer for t in targets] == ["0.inner.0 Linear", "0.inner.1 GELU", "1 Linear", "0 Block", ""]
    assert targets[3].wrt == ("scale",)
    assert check(targets, effort="quick").ok


def test_frozen_parameters_are_constants_and_tied_ones_are_checked_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2)
            self.b.weight = self.a.weight
            self.c.weight.requires_grad_(False)

        def forward(self, x):
            return self.c(torch.tanh(self.b(torch.tanh(self.a(x)))))

    whole = adapt.torch(Tied(), randn(5, 3))[-1]
    assert "c.weight" not in whole.point.names
    assert "b.weight" not in whole.point.names
    assert check(whole, effort="quick").ok


def test_only_what_is_marked_with_requires_grad_is_claimed():
    x, y = randn(4, 3).requires_grad_(), randn(4, 3, seed=1)

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return ((x - y) ** 2).sum()

        @staticmethod
        def backward(ctx, dy):
            x, y = ctx.saved_tensors
            return dy * 2 * (x - y), None

    assert check(adapt.torch(Loss, x, y)).ok
    report = check(adapt.torch(Loss, x.detach(), y))
    assert [f.check for f in report.failures] == ["contract.none"]


def test_outputs_declared_not_differentiable_are_left_out_and_integers_are_handed_on():
    target = adapt.torch(lambda x, i: torch.topk(x[i], 2), randn(4, 3), torch.tensor([0, 2, 2]))
    assert check(target).ok


def test_complex_gradients_follow_torchs_convention():
    z = torch.complex(randn(3, 5), randn(3, 5, seed=1))
    assert check(adapt.torch(lambda z: torch.fft.fft(z.conj() * z.abs()), z)).ok


def test_state_kept_by_a_module_cannot_leak_between_calls():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    module = Counting()
    report = check(adapt.torch(module, randn(4, 3)))
    assert report.ok, str(report)
    assert module.calls == 0


def test_a_lazy_module_is_made_from_its_input_on_a_copy():
    module = nn.LazyLinear(4)
    assert check(adapt.torch(module, randn(5, 3)), effort="quick").ok
    assert isinstance(module, nn.LazyLinear)


def test_a_function_that_insists_on_float32_is_judged_there():
    W = randn(3, 5, dtype=torch.float32)
    target = adapt.torch(lambda x: x @ W, randn(4, 3, dtype=torch.float32))
    assert target.point["x"].dtype == np.float32
    assert check(target).ok


def test_gradcheck_imports_no_framework_until_an_adapter_is_called():
    code = "import sys; from gradcheck import adapt; adapt.torch; assert not {'torch', 'jax'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# What torch's own checker is known to get wrong; each is asserted of it too, so that the table stays true.


def function(forward, backward):
    """Make an autograd.Function of x from plain functions."""

    class Made(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx, dy):
            return backward(ctx.saved_tensors[0], dy)

    return Made


def torchs(f, *inputs, **keywords):
    marked = [x.detach().clone().requires_grad_() for x in inputs]
    return torch.autograd.gradcheck(f.apply, tuple(marked), raise_exception=False, **keywords)


def test_all_zeros_where_the_true_gradient_is_small_disagree():
    f = function(lambda x: 1e-6 * torch.sin(x), lambda x, dy: torch.zeros_like(x))
    assert torchs(f, randn(3, 5))
    assert check(adapt.torch(f, randn(3, 5))).verdict is Verdict.DISAGREES


def test_alternating_errors_of_thirty_per_cent_disagree():
    sign = torch.tensor([1.3, 0.7]).repeat(50).double()
    f = function(lambda x: x**2, lambda x, dy: 2 * x * dy * sign)
    assert check(adapt.torch(f, randn(100))).verdict is Verdict.DISAGREES


def test_one_wrong_entry_of_a_thousand_disagrees():
    spoilt = torch.ones(1000, dtype=torch.float64)
    spoilt[637] = 10.0
    f = function(lambda x: (x**2).sum(), lambda x, dy: 2 * x * dy * spoilt)
    x = randn(1000, seed=5)
    report = check(adapt.torch(f, x))
    assert report.verdict is Verdict.DISAGREES
    assert next(f for f in report.failures if f.check == "gradient.entries").worst == (637,)


def test_a_factor_of_one_in_two_thousand_disagrees():
    f = function(lambda x: torch.sin(x), lambda x, dy: dy * torch.cos(x) * 1.0005)
    assert torchs(f, randn(3, 5))
    assert check(adapt.torch(f, randn(3, 5))).verdict is Verdict.DISAGREES


def test_a_cotangent_overwritten_in_place_is_malformed():
    f = function(torch.sin, lambda x, dy: dy.mul_(torch.cos(x)))
    assert torchs(f, randn(3, 5))
    assert check(adapt.torch(f, randn(3, 5))).verdict is Verdict.MALFORMED


def test_a_pullback_cubic_in_its_cotangent_is_malformed():
    f = function(lambda x: torch.sin(x), lambda x, dy: dy**3 * torch.cos(x))
    assert torchs(f, randn(3, 5))
    assert check(adapt.torch(f, randn(3, 5))).verdict.wrong


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x * 1.0, torch.tensor([1e11, -3e11], dtype=torch.float64)),
        (torch.relu, torch.tensor([3e-7, -1.0, 2.0], dtype=torch.float64)),
        (lambda x: torch.nn.functional.dropout(x, 0.4), randn(3, 5)),
        (lambda x: torch.nn.functional.max_pool1d(x, 3), torch.ones(1, 1, 3, dtype=torch.float64)),
    ],
    ids=["identity at 1e11", "ReLU at 3e-7", "dropout", "max ties"],
)
def test_right_functions_that_torch_rejects_are_accepted(f, x):
    assert not torch.autograd.gradcheck(f, x.clone().requires_grad_(), raise_exception=False)
    report = check(adapt.torch(f, x))
    assert report.ok, str(report)


def test_right_float32_tanh_is_accepted():
    report = check(adapt.torch(torch.tanh, randn(3, 5, dtype=torch.float32), as_shipped=True))
    assert report.ok, str(report)


def test_a_transposed_weight_gradient_of_a_module_is_found():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, W):
            ctx.save_for_backward(x, W)
            return x @ W

        @staticmethod
        def backward(ctx, dy):
            x, W = ctx.saved_tensors
            return dy @ W.T, dy.T @ x

    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.W = nn.Parameter(randn(3, 3, seed=2))

        def forward(self, x):
            return Square.apply(x, self.W)

    module = Dense()
    assert torch.autograd.gradcheck(module, (randn(4, 3).requires_grad_(),))  # the peer looks at no parameter
    assert check(adapt.torch(module, randn(4, 3))).culprits == (("Dense", "W"),)
