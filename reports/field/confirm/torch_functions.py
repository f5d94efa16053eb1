import mpmath
import torch
from scipy.special import polygamma

x = torch.tensor([0.4, 1.1, 1.7, 2.5], dtype=torch.float64, requires_grad=True)
(g,) = torch.autograd.grad(torch.digamma(x).sum(), x)
true = [mpmath.psi(1, mpmath.mpf(v)) for v in x.tolist()]
print("digamma: relative error of the gradient        ", [float((a - b) / b) for a, b in zip(g.tolist(), true)])
print(
    "digamma: relative error of scipy's polygamma   ",
    [float((polygamma(1, v) - b) / b) for v, b in zip(x.tolist(), true)],
)
z = torch.tensor([0.4, -1.1], dtype=torch.float64, requires_grad=True)
(g,) = torch.autograd.grad(torch.nn.functional.hardsigmoid(z).sum(), z)
print("hardsigmoid: gradient                          ", g.tolist(), "where the forward's slope is", 1 / 6)
print("hardsigmoid: 1/6 in float32                    ", float(torch.tensor(1 / 6, dtype=torch.float32)))
print("bessel_j0 of a tensor that requires a gradient requires one:", torch.special.bessel_j0(z).requires_grad)
torch.manual_seed(0)
layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 5)).double()
W = layer.parametrizations.weight.original.detach().clone().requires_grad_()
norm = layer.parametrizations.weight[0]
u0, v0 = norm._u.clone(), norm._v.clone()


def weight(W):
    norm._u, norm._v = u0.clone(), v0.clone()  # the state that a training step begins with
    return (norm(W) ** 3).sum()


V = torch.randn(5, 3, dtype=torch.float64)
(g,) = torch.autograd.grad(weight(W), W)
print("spectral_norm, training: claimed               ", float((g * V).sum()))
with torch.no_grad():
    print(
        "spectral_norm, training: central differences   ",
        [float(weight(W + h * V) - weight(W - h * V)) / (2 * h) for h in (1e-4, 1e-5)],
    )
