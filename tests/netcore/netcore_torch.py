"""Run a layer and torch with one input, one set of parameters and one cotangent, and compare all that comes out."""

import numpy as np
import torch


def compare(layer, theirs, x, params=None, *, rng, seed=None, tolerance=1e-10):
    """Compare y, dx and every dparam.

    Args:
        theirs: takes a tensor, or a list of them for several inputs, and a dict of tensors by our names.
        params: None draws them from `rng`, shaken.
        seed: of the forward in training; None is inference.
        tolerance: relative; the gradients have ten times as much.
    """
    if params is None:
        params = {k: v + 0.1 * rng.normal(size=v.shape) for k, v in layer.init(rng).items()}
    y, cache = layer.forward(params, x, rng=None if seed is None else np.random.default_rng(seed))
    dy = rng.normal(size=y.shape)
    dx, grads = layer.backward(params, cache, dy)
    assert grads.keys() == params.keys()

    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    several = isinstance(x, tuple)
    inputs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in (x if several else (x,))]
    ty = theirs(inputs if several else inputs[0], tensors)
    ty.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, ty.detach().numpy(), rtol=tolerance, atol=tolerance / 100)
    if dx is not None:
        for mine, tensor in zip(dx if several else (dx,), inputs, strict=True):
            np.testing.assert_allclose(mine, tensor.grad.numpy(), rtol=10 * tolerance, atol=tolerance)
    for name, g in grads.items():
        if tensors[name].grad is not None:
            np.testing.assert_allclose(g, tensors[name].grad.numpy(), rtol=10 * tolerance, atol=tolerance, err_msg=name)
