"""Mistakes in convolutions and pooling as people make them."""

import numpy as np

from ..right import conv, pool
from ..right.conv import conv_dw, conv_dx, unfold, unshuffle
from ..right.pool import blocks, first_max, padded_average_pull, slide, slide_back, softmax_pool, unblocks
from .mutators import bug, shelf

C, P = shelf(conv), shelf(pool)


def on(name, how, slug, *, size=None, **pulls):
    return bug(C[name], how, slug, size=size, **pulls)


def pooled(name, how, slug, pull, size=None):
    return bug(P[name], how, slug, size=size, x=pull)


def placed(u, h, w):
    """The upper left corner of zeros."""
    y = np.zeros((*u.shape[:2], h, w), u.dtype)
    y[:, :, : u.shape[2], : u.shape[3]] = u[:, :, :h, :w]
    return y


def as_if(pull, **how):
    """Pull with other settings than forward's: u is cut or filled up with zeros to the size that they give."""

    def wrong_pull(u, x, w):
        s, d, p = how.get("stride", (1, 1)), how.get("dilation", (1, 1)), how.get("pad", (0, 0))
        size = [(x.shape[2 + i] + 2 * p[i] - d[i] * (w.shape[2 + i] - 1) - 1) // s[i] + 1 for i in (0, 1)]
        return pull(placed(u, *size), x, w, **how)

    return wrong_pull


def flip(w):
    return w[..., ::-1, ::-1]


def swap_groups(u, groups=2):
    return np.concatenate(np.split(u, groups, 1)[::-1], 1)


def sliding_dx(u, x, w, b, stride=1):
    return conv_dx(u[:, :, None], x[:, :, None], w[:, :, None], stride=(1, stride))[:, :, 0]


def correlate_all(u, x, k):
    return np.array([(u * np.roll(np.pad(x, 1), 1 - i)[1:-1]).sum() for i in range(len(k))])


IMAGES = (
    on("2d", "kernel not turned in x's", "flipped", x=lambda u, x, w: conv_dx(u, x, flip(w))),
    on("2d", "kernel's gradient turned", "flipped", w=lambda u, x, w: flip(conv_dw(u, x, w))),
    on("2d", "turned in one axis only", "flipped", x=lambda u, x, w: conv_dx(u, x, w[..., ::-1])),
    on("2d", "mean over the batch", "mean_for_sum", w=lambda u, x, w: conv_dw(u, x, w) / len(x), size=0.5),
    on("2d", "first image only", "missing_sum", w=lambda u, x, w: conv_dw(u[:1], x[:1], w)),
    on("2d", "last row of pixels left out", "boundary", w=lambda u, x, w: conv_dw(u[:, :, :-1], x[:, :, :-1], w)),
    on(
        "2d",
        "last column of pixels left out",
        "boundary",
        x=lambda u, x, w: conv_dx(u * (np.arange(u.shape[3]) < u.shape[3] - 1), x, w),
    ),
    on("2d, stride 2 × 3", "stride ignored in x's", "stride", x=as_if(conv_dx)),
    on("2d, stride 2 × 3", "stride ignored in the kernel's", "stride", w=as_if(conv_dw)),
    on("2d, stride 2 × 3", "strides swapped", "stride", x=as_if(conv_dx, stride=(3, 2))),
    on("2d, padding 1 × 2", "padding ignored in x's", "padding", x=as_if(conv_dx)),
    on("2d, padding 1 × 2", "padding ignored in the kernel's", "padding", w=as_if(conv_dw)),
    on(
        "2d, padding 1 × 2",
        "cut one pixel too early",
        "padding",
        x=lambda u, x, w: np.roll(conv_dx(u, x, w, pad=(1, 2)), 1, 2),
    ),
    on("2d, padding 1 × 2", "padding 2 × 2", "padding", w=as_if(conv_dw, pad=(2, 2))),
    on("2d, dilation 2 × 1", "dilation ignored in x's", "dilation", x=as_if(conv_dx)),
    on("2d, dilation 2 × 1", "dilation ignored in the kernel's", "dilation", w=as_if(conv_dw)),
    on("2d, dilation 2 × 1", "dilations swapped", "dilation", x=as_if(conv_dx, dilation=(1, 2))),
    on("2d, 2 groups", "groups mixed in x's", "groups", x=lambda u, x, w: conv_dx(swap_groups(u), x, w, groups=2)),
    on(
        "2d, 2 groups",
        "groups mixed in the kernel's",
        "groups",
        w=lambda u, x, w: conv_dw(u, swap_groups(x), w, groups=2),
    ),
    on(
        "2d, depthwise",
        "first channel's image for all",
        "groups",
        w=lambda u, x, w: conv_dw(u, np.repeat(x[:, :1], 3, 1), w, groups=3),
    ),
    on(
        "2d, stride leaves pixels unused",
        "unused pixels filled",
        "boundary",
        x=lambda u, x, w: conv_dx(u, x, w, stride=(3, 3)) + 0.1 * (np.arange(x.shape[3]) > 5),
    ),
    on(
        "2d, stride, padding and dilation",
        "padding ignored",
        "padding",
        w=as_if(conv_dw, stride=(2, 2), dilation=(2, 3)),
    ),
    on("1d with bias", "bias over the batch only", "missing_sum", b=lambda u, x, w, b: u.sum(0)[:, 0]),
    on("1d with bias", "bias a mean", "mean_for_sum", b=lambda u, x, w, b: u.mean((0, 2)), size=7 / 8),
    on("1d with bias", "kernel not turned", "flipped", x=lambda u, x, w, b: sliding_dx(u, x, w[..., ::-1], b)),
    on(
        "1d, stride 2",
        "stride ignored",
        "stride",
        x=lambda u, x, w, b: sliding_dx(np.pad(u, ((0, 0), (0, 0), (0, 3))), x, w, b),
    ),
    on(
        "1d, stride 2",
        "last window left out",
        "boundary",
        x=lambda u, x, w, b: sliding_dx(u * (np.arange(3) < 2), x, w, b, 2),
    ),
    on("1d same", "kernel not turned", "flipped", x=lambda u, x, k: np.convolve(u, k, "same")),
    on("1d same", "kernel's gradient turned", "flipped", k=correlate_all),
    on("1d same", "wrapped around", "boundary", x=lambda u, x, k: sum(k[i] * np.roll(u, 1 - i) for i in range(3))),
    on("1d full", "kernel's cut late", "shift", k=lambda u, x, k: np.roll(np.correlate(u, x, "valid"), 1)),
    on("1d correlation", "as if convolved", "flipped", x=lambda u, x, k: np.convolve(u, k[::-1])),
    on(
        "2d transposed, stride 2",
        "stride ignored",
        "stride",
        y=lambda u, y, w: conv.conv(u, w)[:, :, : y.shape[2], : y.shape[3]],
    ),
    on("2d transposed, stride 2", "kernel turned", "flipped", y=lambda u, y, w: conv.conv(u, flip(w), stride=(2, 2))),
    on("2d transposed", "arguments as in the plain one", "flipped", w=lambda u, y, w: flip(conv_dw(y, u, w))),
    on("unfold", "overlaps overwritten", "overwritten_repeats", x=lambda u, x: last_windows(u, x)),
    on(
        "pixel shuffle",
        "rows and columns swapped",
        "permuted",
        x=lambda u, x: unshuffle(u, 2).reshape(2, 3, 2, 2, 5, 3).swapaxes(2, 3).reshape(x.shape),
    ),
)

POOLS = (
    pooled("max 2 × 3", "sent to every entry", "mask", lambda u, x: unblocks(np.repeat(u[..., None], 6, -1), 2, 3)),
    pooled(
        "max 2 × 3", "sent to the first entry", "mask", lambda u, x: unblocks(u[..., None] * (np.arange(6) == 0), 2, 3)
    ),
    pooled(
        "max 2 × 3",
        "times the maximum",
        "extra_factor",
        lambda u, x: unblocks((u * blocks(x, 2, 3).max(-1))[..., None] * first_max(blocks(x, 2, 3)), 2, 3),
    ),
    pooled(
        "max 2 × 3",
        "sent to the greatest magnitude",
        "mask",
        lambda u, x: unblocks(u[..., None] * first_max(np.abs(blocks(x, 2, 3))), 2, 3),
    ),
    pooled(
        "max 2 × 3",
        "mask only, cotangent left out",
        "cotangent_ignored",
        lambda u, x: unblocks(1.0 * first_max(blocks(x, 2, 3)), 2, 3),
    ),
    pooled("min", "that of max", "mask", lambda u, x: pool.max_pool_pull(u, x)),
    pooled(
        "average 2 × 3", "not divided", "sum_for_mean", lambda u, x: unblocks(np.repeat(u[..., None], 6, -1), 2, 3), 5
    ),
    pooled(
        "average 2 × 3",
        "divided by one side only",
        "sum_for_mean",
        lambda u, x: unblocks(np.repeat(u[..., None], 6, -1) / 3, 2, 3),
        1,
    ),
    pooled(
        "average 2 × 3",
        "sent to the first entry",
        "mask",
        lambda u, x: unblocks(u[..., None] * (np.arange(6) == 0), 2, 3),
    ),
    pooled(
        "overlapping max",
        "overlaps overwritten",
        "overwritten_repeats",
        lambda u, x: overwritten(u[..., None] * first_max(slide(x)), x),
    ),
    pooled(
        "overlapping max",
        "last window left out",
        "boundary",
        lambda u, x: slide_back(u[..., None] * first_max(slide(x)) * (np.arange(3) < 2)[:, None], x),
    ),
    pooled(
        "overlapping average",
        "overlaps overwritten",
        "overwritten_repeats",
        lambda u, x: overwritten(np.repeat(u[..., None], 3, -1) / 3, x),
    ),
    pooled(
        "overlapping average",
        "stride ignored",
        "stride",
        lambda u, x: slide_back(np.repeat(np.pad(u, ((0, 0), (0, 0), (0, 2)))[..., None], 3, -1) / 3, x, s=1),
    ),
    pooled("global average", "not divided", "sum_for_mean", lambda u, x: u[..., None, None] * np.ones_like(x), 19),
    pooled(
        "global average",
        "divided by the channels too",
        "mean_for_sum",
        lambda u, x: u[..., None, None] * np.ones_like(x) / 60,
        2 / 3,
    ),
    pooled(
        "global max",
        "maximum of the batch",
        "wrong_axis",
        lambda u, x: u[..., None, None] * (x == x.max((0, 2, 3), keepdims=True)),
    ),
    pooled("average, padding not counted", "padding counted", "boundary", lambda u, x: padded_average_pull(u, x)),
    pooled(
        "average with padding",
        "padding not counted",
        "boundary",
        lambda u, x: padded_average_pull(u * 3 / pool.padded_count(x), x),
    ),
    pooled("upsample by repetition", "mean for sum", "mean_for_sum", lambda u, x: pool.unpool(u) / 6, 5 / 6),
    pooled("upsample by repetition", "one of the copies", "missing_sum", lambda u, x: u[..., ::2, ::3].copy()),
    pooled(
        "l3",
        "sign left out",
        "wrong_function",
        lambda u, x: np.abs(P["l3"].vjp((x,), u)[0]) * unblocks(np.repeat(np.sign(u)[..., None], 6, -1), 2, 3),
    ),
    pooled(
        "softmax-weighted",
        "weights as constants",
        "missing_term",
        lambda u, x: u[..., None] * np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    ),
    pooled(
        "softmax-weighted",
        "plain mean subtracted",
        "missing_factor",
        lambda u, x: u[..., None] * np.exp(x) / np.exp(x).sum(-1, keepdims=True) * (1 + x - x.mean(-1, keepdims=True)),
    ),
    pooled(
        "softmax-weighted",
        "output without its one",
        "missing_term",
        lambda u, x: u[..., None] * np.exp(x) / np.exp(x).sum(-1, keepdims=True) * (x - softmax_pool(x)[..., None]),
    ),
    pooled("two best", "swapped", "swapped", lambda u, x: pool.k_best_pull(u[..., ::-1], x)),
    pooled("strided picking", "stride 1", "stride", lambda u, x: np.pad(u, ((0, 0), (0, 0), (0, 3)))),
)


def overwritten(w, x):
    g = np.zeros_like(x)
    for i in range(3):
        g[..., i : i + 5 : 2] = w[..., i]
    return g


def last_windows(u, x):
    g = np.zeros_like(x)
    for i in range(u.shape[-1]):
        g[..., i : i + unfold(x, 3).shape[-2]] = u[..., i]
    return g


RULES = IMAGES + POOLS
