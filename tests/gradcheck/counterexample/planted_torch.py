"""A torch function with a 2 left out of its backward."""

import torch


class Squares(torch.autograd.Function):
    """y = x² W."""

    @staticmethod
    def forward(ctx, x, W):
        ctx.save_for_backward(x, W)
        return (x * x) @ W

    @staticmethod
    def backward(ctx, dy):
        x, W = ctx.saved_tensors
        return x * (dy @ W.T), (x * x).T @ dy
