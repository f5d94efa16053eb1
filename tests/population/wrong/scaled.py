"""Right rules times something: everywhere, in one place, on one side, or in a lower precision."""

import numpy as np

from ..right import activations as a
from ..right import attention as at
from ..right import conv as c
from ..right import dense as d
from ..right import losses as lo
from ..right import norm as n
from ..right import pool as p
from ..right import recurrent as r
from .mutators import (
    alternate,
    clipped,
    decayed,
    factor,
    flattened,
    lowered,
    one_channel,
    one_entry,
    one_row,
    rounded,
    sign,
    times_at,
    where,
    zero,
)

BASES = (a.TANH, a.SOFTMAX, d.AFFINE, d.TWO, lo.CROSS_ENTROPY, c.PLAIN, n.LAYER, at.PLAIN, r.LSTM, r.RNN)
SIZES = (1e-6, 3e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, -0.5, 1.0, 10.0)

FACTORS = (
    *(factor(base, SIZES[(k + i) % 10]) for k, base in enumerate(BASES) for i in (0, 3, 7)),
    factor(d.AFFINE, 1.0, block=2),
    factor(d.TWO, -0.5, block=3),
    factor(d.TWO, 1e-4, block=4),
    factor(c.STRIDED, 1.0, block=1),
    factor(c.LINE, -0.5, block=2),
    factor(n.BATCH, 1e-3, block=1),
    factor(at.MULTI, 1e-2, block=3),
    factor(r.RNN, 1e-3, block=2),
    factor(r.GRU, 1e-5, block=1),
    factor(lo.MSE, 1.0),
    factor(p.AVERAGE, 5.0),
)

SIGNS = (
    sign(a.GELU),
    sign(a.LOG_SOFTMAX),
    sign(d.AFFINE, 2),
    sign(d.TWO, 1),
    sign(c.GROUPED, 1),
    sign(n.LAYER, 2),
    sign(at.CAUSAL, 1),
    sign(r.GRU, 2),
    sign(lo.MSE, 1),
    sign(lo.GAUSSIAN, 1),
    sign(p.GLOBAL_AVERAGE),
)

ZEROS = (
    zero(a.SILU),
    zero(d.AFFINE, 2),
    zero(d.TWO, 1),
    zero(c.LINE, 2),
    zero(n.BATCH, 1),
    zero(n.WEIGHT, 2),
    zero(at.BIASED, 3),
    zero(r.RNN, 4),
    zero(r.LSTM, 2),
    zero(lo.KL, 1),
    zero(p.COUNTED),
)

PLACES = (
    one_entry(a.TANH),
    one_entry(a.SOFTPLUS, 1.01),
    one_entry(d.AFFINE, 10, block=1),
    one_entry(d.AFFINE, 1.001),
    one_entry(d.TWO, 0, block=1),
    one_entry(c.PLAIN, -1),
    one_entry(c.PLAIN, 1.1, block=1),
    one_entry(n.LAYER, 1.5, block=1),
    one_entry(at.PLAIN, 2, block=1),
    one_entry(r.LSTM, 3, block=1),
    one_entry(lo.CROSS_ENTROPY, 1.3),
    one_entry(p.AVERAGE, 0),
    one_row(a.SOFTMAX),
    one_row(d.AFFINE, 0, row=0),
    one_row(d.TWO, -1, block=3),
    one_row(n.BATCH, 1.1),
    one_row(at.PLAIN, 0, row=0),
    one_row(at.CAUSAL, 2, block=2),
    one_row(c.PADDED, 0.9),
    one_row(r.RNN, 2, row=0, block=1),
    one_row(r.RNN, 0, row=0),
    one_row(lo.MSE, 2),
    one_channel(c.PLAIN),
    one_channel(c.STRIDED, 0, block=1),
    one_channel(n.BATCH),
    one_channel(n.INSTANCE, 2),
    one_channel(n.BATCH_IMAGES, 1.01),
    one_channel(d.AFFINE, -1, block=1),
    one_channel(p.AVERAGE, 1.2),
    one_channel(p.SLIDING_AVERAGE, 0),
    times_at(c.PADDED, (..., 0, slice(None)), 0, "boundary", "top row of pixels"),
    times_at(c.PADDED, (..., -1), 0.5, "boundary", "last column of pixels"),
    times_at(c.SAME, 0, 0, "boundary", "first sample"),
    times_at(c.LINE, (..., -1), 2, "boundary", "last sample"),
    times_at(p.COUNTED, (..., [0, -1]), 2 / 3, "boundary", "border"),
    times_at(r.LSTM, -1, 0, "truncated_time", "last step"),
    times_at(r.SCAN, 0, 2, "truncated_time", "first step"),
)

SIDES = (
    where(a.SILU, lambda x: x < 0, 0, "mask", "zero for x < 0"),
    where(a.GELU, lambda x: x < 0, -1, "mask", "sign turned for x < 0"),
    where(a.TANH, lambda x: x > 0, 1.1, "mask", "10 % too large for x > 0"),
    where(a.ELU, lambda x: x < 0, 0, "mask", "relu's mask"),
    where(a.SOFTPLUS, lambda x: x < 0, 1 + 1e-4, "mask", "1e-4 too large for x < 0"),
    where(a.TANH, lambda x: np.abs(x) > 0.5, 0, "saturation", "zero where |x| > 0.5"),
    where(a.SIGMOID, lambda x: np.abs(x) > 0.7, 1.05, "saturation", "5 % too large where |x| > 0.7"),
    where(a.MISH, lambda x: np.abs(x) > 0.5, 1.01, "saturation", "1 % too large where |x| > 0.5"),
    where(a.LOGSIGMOID, lambda x: x < -0.3, 0, "saturation", "zero where x < −0.3"),
    where(lo.MSE, lambda x: np.abs(x) > 0.5, 0.5, "saturation", "half where |p| > 0.5"),
    where(d.AFFINE, lambda x: x < 0, 0, "mask", "zero for x < 0"),
)

BLUNT = (
    alternate(a.TANH),
    alternate(d.AFFINE, block=1),
    alternate(c.PLAIN),
    alternate(n.LAYER),
    alternate(r.LSTM, 0.01, block=1),
    alternate(at.PLAIN, 1e-3, block=2),
    alternate(lo.MSE),
    flattened(d.AFFINE, 1),
    flattened(c.PLAIN),
    flattened(lo.CROSS_ENTROPY),
    flattened(n.BATCH, 2),
    clipped(a.SINE),
    clipped(d.AFFINE, 1, 1),
    clipped(c.PLAIN, 2),
    clipped(r.RNN, 1, 2),
    decayed(d.AFFINE, 1),
    decayed(c.PLAIN, 1, 1e-3),
    decayed(lo.RIDGE, 0, 0.1),
    decayed(r.LSTM, 1, 1e-4),
    lowered(a.SOFTMAX),
    lowered(a.GELU),
    lowered(d.TWO),
    lowered(c.PLAIN),
    lowered(n.LAYER),
    lowered(at.MULTI),
    lowered(r.LSTM),
    lowered(lo.CROSS_ENTROPY),
    lowered(a.TANH, np.float16),
    lowered(d.AFFINE, np.float16),
    lowered(p.AVERAGE, np.float16),
    rounded(d.TWO, 4, 1),
    rounded(a.SIGMOID, 6),
    rounded(c.PLAIN, 3),
)

RULES = FACTORS + SIGNS + ZEROS + PLACES + SIDES + BLUNT
