"""Convolutions: stride, padding, dilation, groups, transposed; one core, an image of (n, c, h, w)."""

from functools import partial

import numpy as np

from ..make import normal, rule

R = partial(rule, "conv")


def windows(x, kernel, stride, dilation):
    """Yield (i, j, slices) so that x[slices] meets kernel entry (i, j), one column an output pixel."""
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    n_out = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            at = [
                slice(k * d, k * d + s * (n - 1) + 1, s)
                for k, d, s, n in zip((i, j), dilation, stride, n_out, strict=True)
            ]
            yield i, j, (..., *at)


def padded(x, pad):
    return np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))


def grouped(x, groups):
    return x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])


def conv(x, w, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    """(n, c, h, w) with (o, c/groups, kh, kw) -> (n, o, h', w')."""
    xp, wg = padded(x, pad), w.reshape(groups, -1, *w.shape[1:])
    y = 0
    for i, j, at in windows(xp, w.shape[2:], stride, dilation):
        y = y + np.einsum("ngchw,goc->ngohw", grouped(xp[at], groups), wg[..., i, j])
    return y.reshape(y.shape[0], -1, *y.shape[3:])


def conv_dx(u, x, w, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    ug, wg = grouped(u, groups), w.reshape(groups, -1, *w.shape[1:])
    dxp = np.zeros_like(padded(x, pad))
    for i, j, at in windows(dxp, w.shape[2:], stride, dilation):
        d = np.einsum("ngohw,goc->ngchw", ug, wg[..., i, j])
        dxp[at] += d.reshape(d.shape[0], -1, *d.shape[3:])
    return dxp[:, :, pad[0] : dxp.shape[2] - pad[0], pad[1] : dxp.shape[3] - pad[1]]


def conv_dw(u, x, w, stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1):
    xp, ug, dw = padded(x, pad), grouped(u, groups), np.zeros_like(w)
    for i, j, at in windows(xp, w.shape[2:], stride, dilation):
        dw[:, :, i, j] = np.einsum("ngchw,ngohw->goc", grouped(xp[at], groups), ug).reshape(w.shape[:2])
    return dw


def conv2d(name, x_shape, w_shape, **how):
    return R(
        name,
        lambda x, w: conv(x, w, **how),
        lambda u, x, w: (conv_dx(u, x, w, **how), conv_dw(u, x, w, **how)),
        normal(*x_shape),
        normal(*w_shape),
    )


def line(how):
    """One-dimensional settings as two-dimensional ones of height 1."""
    neutral = {"stride": 1, "pad": 0, "dilation": 1}
    return {k: v if k == "groups" else (neutral[k], v) for k, v in how.items()}


def conv1d(name, x_shape, w_shape, **how):
    how = line(how)

    def pull(u, x, w, b):
        u, x, w = u[:, :, None], x[:, :, None], w[:, :, None]
        return conv_dx(u, x, w, **how)[:, :, 0], conv_dw(u, x, w, **how)[:, :, 0], u.sum((0, 2, 3))

    def forward(x, w, b):
        return conv(x[:, :, None], w[:, :, None], **how)[:, :, 0] + b[:, None]

    return R(name, forward, pull, normal(*x_shape), normal(*w_shape), normal(w_shape[0]))


def transposed2d(name, y_shape, w_shape, out, **how):
    """The adjoint of conv as a forward: its own adjoint is conv."""
    like = np.zeros((y_shape[0], out[0], *out[1:]))

    def forward(y, w):
        return conv_dx(y, like.astype(y.dtype), w, **how)

    return R(
        name, forward, lambda u, y, w: (conv(u, w, **how), conv_dw(y, u, w, **how)), normal(*y_shape), normal(*w_shape)
    )


def same_pull(u, x, k):
    n = len(k) // 2
    xp = np.pad(x, n)
    dx = np.convolve(u, k[::-1], "full")[n : n + len(x)]
    return dx, np.array(
        [(u * xp[len(k) - 1 - i : len(k) - 1 - i + len(x)]).sum() for i in range(len(k))], dtype=x.dtype
    )


def unfold(x, k):
    return np.stack([x[..., i : x.shape[-1] - k + 1 + i] for i in range(k)], -1)


def unfold_pull(u, x):
    k, g = u.shape[-1], np.zeros_like(x)
    for i in range(k):
        g[..., i : x.shape[-1] - k + 1 + i] += u[..., i]
    return g


def shuffle(x, r):
    n, c, h, w = x.shape
    return x.reshape(n, c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // r**2, h * r, w * r)


def unshuffle(y, r):
    n, c, h, w = y.shape
    return y.reshape(n, c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4).reshape(n, c * r * r, h // r, w // r)


PLAIN = conv2d("2d", (2, 5, 6, 7), (4, 5, 2, 3))
STRIDED = conv2d("2d, stride 2 × 3", (2, 5, 7, 6), (4, 5, 3, 2), stride=(2, 3))
PADDED = conv2d("2d, padding 1 × 2", (2, 4, 5, 6), (7, 4, 3, 5), pad=(1, 2))
DILATED = conv2d("2d, dilation 2 × 1", (2, 5, 7, 6), (4, 5, 3, 2), dilation=(2, 1))
GROUPED = conv2d("2d, 2 groups", (3, 4, 5, 7), (6, 2, 4, 3), groups=2)
DEPTHWISE = conv2d("2d, depthwise", (2, 3, 5, 6), (3, 1, 2, 4), groups=3)
LINE = conv1d("1d with bias", (2, 3, 7), (5, 3, 4))
LINE_STRIDED = conv1d("1d, stride 2", (2, 3, 8), (5, 3, 3), stride=2)
SAME = R("1d same", lambda x, k: np.convolve(x, k, "same"), same_pull, normal(7), normal(3))
TRANSPOSED = transposed2d("2d transposed, stride 2", (2, 4, 3, 2), (4, 3, 2, 3), (3, 6, 5), stride=(2, 2))

RULES = (
    PLAIN,
    STRIDED,
    PADDED,
    DILATED,
    GROUPED,
    DEPTHWISE,
    LINE,
    LINE_STRIDED,
    SAME,
    TRANSPOSED,
    conv2d("2d, 1 × 1 kernel", (2, 3, 5, 4), (7, 3, 1, 1)),
    conv2d("2d, kernel as large as the image", (2, 3, 4, 5), (7, 3, 4, 5)),
    conv2d("2d, stride leaves pixels unused", (2, 5, 6, 8), (4, 5, 2, 3), stride=(3, 3)),
    conv2d("2d, stride, padding and dilation", (2, 5, 7, 8), (4, 5, 3, 2), stride=(2, 2), pad=(1, 2), dilation=(2, 3)),
    conv1d("1d, padding 2", (2, 3, 5), (4, 3, 3), pad=2),
    conv1d("1d, dilation 2", (2, 3, 8), (5, 3, 3), dilation=2),
    conv1d("1d, groups, stride and padding", (2, 6, 7), (4, 3, 3), groups=2, stride=2, pad=1),
    transposed2d("2d transposed", (2, 4, 3, 5), (4, 3, 2, 3), (3, 4, 7)),
    transposed2d("2d transposed, padding 1", (2, 4, 5, 7), (4, 5, 3, 2), (5, 5, 6), pad=(1, 1)),
    R(
        "1d full",
        lambda x, k: np.convolve(x, k),
        lambda u, x, k: (np.correlate(u, k, "valid"), np.correlate(u, x, "valid")),
        normal(7),
        normal(3),
    ),
    R(
        "1d correlation",
        lambda x, k: np.correlate(x, k, "valid"),
        lambda u, x, k: (np.convolve(u, k), np.correlate(x, u, "valid")),
        normal(7),
        normal(3),
    ),
    R("unfold", lambda x: unfold(x, 3), unfold_pull, normal(2, 7)),
    R("pixel shuffle", lambda x: shuffle(x, 2), lambda u, x: unshuffle(u, 2), normal(2, 12, 5, 3)),
)
