"""A check leaves a torch module as it was, and judges it at the precision that it was shipped in."""

import numpy as np
import pytest

from gradcheck import Verdict, adapt, check
from gradcheck.adapt.recognise import recognise

torch = pytest.importorskip("torch")
nn = torch.nn
torch.set_num_threads(1)  # small tensors: threads only wait for each other


def randn(*shape, dtype=torch.float32):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)


class Halved(torch.autograd.Function):
    """x W with half of the gradient of W."""

    @staticmethod
    def forward(ctx, x, W):
        ctx.save_for_backward(x, W)
        return x @ W

    @staticmethod
    def backward(ctx, dy):
        x, W = ctx.saved_tensors
        return dy @ W.T, 0.5 * (x.T @ dy)


class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(randn(5, 2))

    def forward(self, x):
        return Halved.apply(x, self.W)


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Dropout(0.4), Wrong())


@pytest.mark.parametrize("training", [True, False, None])
def test_parameters_buffers_gradients_mode_and_random_numbers_stay(training):
    module, x = net(), randn(7, 3)
    module(x).sum().backward()
    module.eval()
    module[1].train()  # one part in another mode than the whole
    values = {k: v.clone() for k, v in module.state_dict().items()}
    gradients = {k: p.grad.clone() for k, p in module.named_parameters()}
    addresses = [p.data_ptr() for p in module.parameters()]
    modes = [m.training for m in module.modules()]
    state, given = torch.get_rng_state(), x.clone()
    report = check(adapt.torch(module, x, training=training), effort="quick")
    assert report.culprits == (("3 Wrong", "W"),)
    assert all(torch.equal(v, values[k]) for k, v in module.state_dict().items())
    assert all(torch.equal(p.grad, gradients[k]) for k, p in module.named_parameters())
    assert [p.data_ptr() for p in module.parameters()] == addresses
    assert [m.training for m in module.modules()] == modes
    assert all(p.requires_grad and p.dtype is torch.float32 for p in module.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in module.modules())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(x, given)
    assert not x.requires_grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_module_is_judged_at_its_own_precision_on_request(dtype):
    right = nn.Sequential(nn.Linear(3, 5), nn.Tanh()).to(dtype)
    report = check(adapt.torch(right, randn(7, 3, dtype=dtype), as_shipped=True), effort="quick")
    assert report.ok, str(report)
    coarse = max(f.resolution for f in report.findings if f.resolution and f.check == "gradient.direction")
    assert coarse > 1e-8  # float64 would have seen 1e-11
    wrong = nn.Sequential(nn.Linear(3, 5), Wrong()).to(dtype)
    assert check(adapt.torch(wrong, randn(7, 3, dtype=dtype), as_shipped=True), effort="quick").verdict.wrong


def test_classes_objects_and_functions_of_torch_are_recognised_by_their_names():
    x, W = randn(4, 3, dtype=torch.float64).numpy(), randn(3, 5, dtype=torch.float64).numpy()
    (target,) = recognise(Halved, {"x": x, "W": W})
    assert (target.name, target.point.names) == ("Halved", ("x", "W"))
    assert check(target, effort="quick").culprits == (("Halved", "W"),)
    assert recognise(torch.tanh, {"input": x})[0].name == "tanh"
    assert recognise(nn.Tanh, {"input": x})[0].name == "Tanh"
    assert recognise(torch.vmap(lambda x: torch.tanh(x).sum()), {"x": x})[0].point.names == ("x",)
    assert [t.layer for t in recognise(nn.Sequential(nn.Tanh(), nn.Linear(3, 2)), {"input": x})] == [
        "0 Tanh",
        "1 Linear",
        "",
    ]


def test_several_outputs_integer_arguments_and_keywords_are_handed_on():
    def parts(x, y, index, *, scale):
        return torch.sin(x) * y * scale, (x[index] ** 2).sum(), index

    inputs = {"x": np.array([[0.3, -1.2, 2.0]] * 2), "y": np.array([0.5, 1.5, -1.0]), "index": np.array([0, 1, 1])}
    (target,) = recognise(parts, {**inputs, "scale": 3.0})
    report = check(target)
    assert report.ok, str(report)
    assert {f.wrt for f in report.findings if f.wrt} == {"x", "y"}


def test_a_double_backward_in_float32_is_judged_in_float64():
    first, second = adapt.torch(torch.tanh, randn(4, 3), order=2)
    assert check([first, second], effort="quick").ok
    once, twice = adapt.torch(Halved, randn(4, 3), randn(3, 5), order=2)
    assert check(once, effort="quick").verdict is Verdict.DISAGREES
    assert check(twice, effort="quick").verdict is not Verdict.RAISED
