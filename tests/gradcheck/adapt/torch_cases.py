# ruff: noqa: E501, E731, B008, SIM905 (a table reads best in long lines)
"""A broad population of torch's own functions and modules, each with a way to draw its inputs."""

from __future__ import annotations

import zlib

import torch
import torch.nn.functional as F
from torch import nn


class Draw:
    """Draws tensors for one case; the seed is the case's name, and a number for other points."""

    def __init__(self, name, seed=0):
        self.generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + seed)

    def __call__(self, *shape, low=None, high=None):
        if low is None:
            return torch.randn(shape, generator=self.generator, dtype=torch.float64)
        return low + (high - low) * torch.rand(shape, generator=self.generator, dtype=torch.float64)

    def integers(self, high, *shape):
        return torch.randint(high, shape, generator=self.generator)

    def definite(self, n):
        a = self(n, n)
        return a @ a.T / n + torch.eye(n, dtype=torch.float64)

    def complex(self, *shape):
        return torch.complex(self(*shape), self(*shape))


ANY, POSITIVE, UNIT, OPEN = (None, None), (0.3, 3.0), (0.1, 0.9), (-0.9, 0.9)
UNARY = {
    ANY: "abs atan sinh cosh tanh sigmoid sin cos exp exp2 expm1 erf erfc square neg asinh sinc logit_of nan_to_num "
    "softplus_of log1p_of positive sgn sign ceil floor trunc frac cumsum0 logcumsumexp0 special.erfcx special.ndtr "
    "special.log_ndtr special.i0 special.i0e special.i1 special.i1e special.xlog1py_of "
    "rad2deg deg2rad tan_of special.entr_of",
    POSITIVE: "sqrt rsqrt log log2 log10 log1p reciprocal lgamma digamma special.entr",
    UNIT: "logit special.ndtri",
    OPEN: "asin acos atanh erfinv tan",
}
WRITTEN = {
    "logit_of": lambda x: torch.logit(torch.sigmoid(x)),
    "softplus_of": lambda x: torch.log(1 + torch.exp(x)),
    "log1p_of": lambda x: torch.log1p(x * x),
    "cumsum0": lambda x: torch.cumsum(x, 0),
    "logcumsumexp0": lambda x: torch.logcumsumexp(x, 0),
    "special.xlog1py_of": lambda x: torch.special.xlog1py(x, x * x),
    "tan_of": lambda x: torch.tan(x / 4),
    "special.entr_of": lambda x: torch.special.entr(x * x),
}
POINTWISE = (
    "relu relu6 elu selu celu gelu silu mish softplus softsign tanhshrink hardtanh hardswish hardsigmoid leaky_relu "
    "logsigmoid hardshrink softshrink"
)
LOSSES = "mse_loss l1_loss smooth_l1_loss huber_loss"


def _attribute(path):
    found = torch
    for part in path.split("."):
        found = getattr(found, part)
    return found


def cases():
    """Yield (name, function or module, inputs, keywords of adapt.torch)."""
    for (low, high), names in UNARY.items():
        for name in names.split():
            f = WRITTEN.get(name) or _attribute(name)
            yield f"torch.{name}", f, (lambda d, low=low, high=high: (d(3, 5, low=low, high=high),)), {}
    for name in POINTWISE.split():
        yield f"F.{name}", getattr(F, name), (lambda d: (d(3, 5),)), {}
    for name in LOSSES.split():
        for reduction in ("mean", "sum", "none"):
            f = lambda x, y, f=getattr(F, name), r=reduction: f(x, y, reduction=r)
            yield f"F.{name}[{reduction}]", f, (lambda d: (d(3, 5), d(3, 5))), {}
    yield from _functions()
    yield from _linear_algebra()
    yield from _modules()
    yield from _complex()


def _functions():
    two = lambda d: (d(3, 5), d(3, 5))
    for name in "add sub mul maximum minimum fmax fmin atan2 hypot logaddexp logaddexp2 dist".split():
        yield f"torch.{name}", getattr(torch, name), two, {}
    yield "torch.div", torch.div, lambda d: (d(3, 5), d(3, 5, low=0.5, high=2.0)), {}
    yield "torch.pow", torch.pow, lambda d: (d(3, 5, low=0.5, high=2.0), d(3, 5)), {}
    yield "torch.xlogy", torch.xlogy, lambda d: (d(3, 5), d(3, 5, low=0.5, high=2.0)), {}
    yield "torch.fmod", torch.fmod, lambda d: (d(3, 5), d(3, 5, low=0.5, high=2.0)), {}
    yield "torch.remainder", torch.remainder, lambda d: (d(3, 5), d(3, 5, low=0.5, high=2.0)), {}
    yield "torch.copysign", torch.copysign, two, {}
    yield "torch.lerp", torch.lerp, lambda d: (d(3, 5), d(3, 5), d(3, 5)), {}
    yield "torch.addcmul", torch.addcmul, lambda d: (d(3, 5), d(3, 5), d(5)), {}
    yield "torch.addcdiv", torch.addcdiv, lambda d: (d(3, 5), d(3, 5), d(5, low=1.0, high=2.0)), {}
    yield "torch.clamp", lambda x: torch.clamp(x, -0.5, 0.7), lambda d: (d(3, 5),), {}
    yield "torch.clamp[tensors]", torch.clamp, lambda d: (d(3, 5), d(5) - 2, d(5) + 2), {}
    yield "torch.where", lambda x, y: torch.where(x > y, x * y, x - y), two, {}
    reductions = (
        "sum mean prod var std logsumexp norm amax amin median mode nansum cumprod cummax cummin softmax log_softmax"
    )
    for name in reductions.split():
        f = lambda x, f=getattr(torch, name): f(x, dim=1)
        yield f"torch.{name}[dim]", f, lambda d: (d(3, 5),), {}
    for name in "sum mean prod var std max min median norm".split():
        yield f"torch.{name}", getattr(torch, name), lambda d: (d(3, 5),), {}
    yield "torch.quantile", lambda x: torch.quantile(x, 0.3, dim=1), lambda d: (d(3, 5),), {}
    yield "torch.aminmax", torch.aminmax, lambda d: (d(3, 5),), {}
    yield "torch.var_mean", torch.var_mean, lambda d: (d(3, 5),), {}
    yield "torch.sort", torch.sort, lambda d: (d(3, 5),), {}
    yield "torch.topk", lambda x: torch.topk(x, 2), lambda d: (d(3, 5),), {}
    yield "torch.kthvalue", lambda x: torch.kthvalue(x, 2), lambda d: (d(3, 5),), {}
    yield "torch.renorm", lambda x: torch.renorm(x, 2, 0, 0.5), lambda d: (d(3, 5),), {}
    yield "torch.trapezoid", torch.trapezoid, lambda d: (d(3, 5),), {}
    yield "torch.cov", torch.cov, lambda d: (d(3, 5),), {}
    yield "torch.corrcoef", torch.corrcoef, lambda d: (d(3, 5),), {}
    yield "torch.diff", torch.diff, lambda d: (d(3, 5),), {}
    yield "torch.gather", lambda x, i: torch.gather(x, 1, i), lambda d: (d(3, 5), d.integers(5, 3, 2)), {}
    yield "torch.index_select", lambda x, i: torch.index_select(x, 1, i), lambda d: (d(3, 5), d.integers(5, 7)), {}
    yield "torch.index_add", lambda x, i, y: x.index_add(0, i, y), lambda d: (d(3, 5), d.integers(3, 7), d(7, 5)), {}
    yield (
        "torch.scatter_add",
        lambda x, i, y: x.scatter_add(1, i, y),
        lambda d: (d(3, 5), d.integers(5, 3, 7), d(3, 7)),
        {},
    )
    for name in ("sum", "prod", "mean", "amax", "amin"):
        f = lambda x, i, y, r=name: x.scatter_reduce(1, i, y, r)
        yield f"torch.scatter_reduce[{name}]", f, lambda d: (d(3, 5), d.integers(5, 3, 7), d(3, 7)), {}
    yield (
        "torch.index_put",
        lambda x, i, y: x.index_put((i,), y, accumulate=True),
        lambda d: (d(3, 5), d.integers(3, 4), d(4, 5)),
        {},
    )
    yield "torch.masked_select", lambda x: torch.masked_select(x, x > 0.1), lambda d: (d(3, 5),), {}
    yield "torch.take_along_dim", lambda x: torch.take_along_dim(x, x.argsort(1), 1), lambda d: (d(3, 5),), {}
    yield "torch.flip", lambda x: torch.flip(x, (1,)), lambda d: (d(3, 5),), {}
    yield "torch.roll", lambda x: torch.roll(x, 2, 1), lambda d: (d(3, 5),), {}
    yield "torch.tril", torch.tril, lambda d: (d(3, 5),), {}
    yield "torch.diag_embed", torch.diag_embed, lambda d: (d(3, 5),), {}
    yield "torch.kron", torch.kron, lambda d: (d(2, 3), d(3, 2)), {}
    yield "torch.einsum", lambda a, b: torch.einsum("bij,jk->bik", a, b), lambda d: (d(2, 3, 5), d(5, 7)), {}
    yield "torch.cdist", torch.cdist, lambda d: (d(3, 5), d(7, 5)), {}
    yield "torch.cdist[1]", lambda a, b: torch.cdist(a, b, 1.0), lambda d: (d(3, 5), d(7, 5)), {}
    yield "torch.cross", lambda a, b: torch.linalg.cross(a, b), lambda d: (d(5, 3), d(5, 3)), {}
    yield "torch.unfold", lambda x: x.unfold(1, 3, 2), lambda d: (d(3, 7),), {}
    yield "torch.repeat_interleave", lambda x: x.repeat_interleave(3, 1), lambda d: (d(3, 5),), {}
    yield "torch.expand", lambda x: x.expand(3, 2, 5), lambda d: (d(3, 1, 5),), {}
    labels = lambda d: (d(7, 5), d.integers(5, 7))
    yield "F.cross_entropy", F.cross_entropy, labels, {}
    yield "F.cross_entropy[smoothing]", lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1), labels, {}
    yield "F.cross_entropy[probabilities]", F.cross_entropy, lambda d: (d(7, 5), torch.softmax(d(7, 5), 1)), {}
    yield "F.nll_loss", lambda x, y: F.nll_loss(F.log_softmax(x, 1), y), labels, {}
    yield "F.multi_margin_loss", F.multi_margin_loss, labels, {}
    yield (
        "F.bce",
        F.binary_cross_entropy,
        lambda d: (d(3, 5, low=0.1, high=0.9), d(3, 5, low=0.1, high=0.9)),
        {"wrt": ("input",)},
    )
    yield "F.bce_with_logits", F.binary_cross_entropy_with_logits, lambda d: (d(3, 5), d(3, 5, low=0.1, high=0.9)), {}
    yield (
        "F.kl_div",
        lambda x, y: F.kl_div(x, y, reduction="batchmean"),
        lambda d: (d(3, 5), torch.softmax(d(3, 5), 1)),
        {},
    )
    yield "F.poisson_nll", F.poisson_nll_loss, lambda d: (d(3, 5), d(3, 5, low=0.5, high=3.0)), {}
    yield "F.gaussian_nll", F.gaussian_nll_loss, lambda d: (d(3, 5), d(3, 5), d(3, 5, low=0.5, high=2.0)), {}
    yield "F.cosine_similarity", F.cosine_similarity, two, {}
    yield "F.pairwise_distance", F.pairwise_distance, two, {}
    yield "F.triplet", F.triplet_margin_loss, lambda d: (d(3, 5), d(3, 5), d(3, 5)), {}
    yield "F.margin_ranking", F.margin_ranking_loss, lambda d: (d(7), d(7), torch.tensor([1, -1, 1, 1, -1, 1, -1])), {}
    yield "F.hinge_embedding", F.hinge_embedding_loss, lambda d: (d(7), torch.tensor([1, -1, 1, 1, -1, 1, -1])), {}
    yield (
        "F.soft_margin",
        F.soft_margin_loss,
        lambda d: (d(7), torch.tensor([1.0, -1, 1, 1, -1, 1, -1])),
        {"wrt": ("input",)},
    )
    yield "F.ctc_loss", _ctc, lambda d: (d(7, 2, 5),), {}
    yield "F.normalize", F.normalize, lambda d: (d(3, 5),), {}
    yield "F.glu", F.glu, lambda d: (d(3, 6),), {}
    yield "F.prelu", F.prelu, lambda d: (d(3, 5), d(5)), {}
    yield "F.gelu[tanh]", lambda x: F.gelu(x, approximate="tanh"), lambda d: (d(3, 5),), {}
    yield "F.dropout", F.dropout, lambda d: (d(3, 5),), {}
    yield "F.gumbel_softmax", F.gumbel_softmax, lambda d: (d(3, 5),), {}
    yield "F.embedding", lambda i, w: F.embedding(i, w), lambda d: (d.integers(7, 2, 3), d(7, 5)), {}
    yield (
        "F.embedding_bag",
        lambda i, w: F.embedding_bag(i, w, mode="max"),
        lambda d: (d.integers(7, 2, 3), d(7, 5)),
        {},
    )
    yield "F.conv1d", F.conv1d, lambda d: (d(2, 3, 7), d(5, 3, 2), d(5)), {}
    yield "F.conv2d", lambda x, w, b: F.conv2d(x, w, b, 2, 1), lambda d: (d(2, 3, 7, 6), d(5, 3, 3, 2), d(5)), {}
    yield (
        "F.conv2d[groups]",
        lambda x, w: F.conv2d(x, w, groups=2, dilation=2),
        lambda d: (d(2, 4, 7, 6), d(6, 2, 3, 2)),
        {},
    )
    yield "F.conv3d", F.conv3d, lambda d: (d(2, 2, 3, 4, 5), d(3, 2, 2, 2, 3)), {}
    yield (
        "F.conv_transpose2d",
        lambda x, w: F.conv_transpose2d(x, w, stride=2),
        lambda d: (d(2, 3, 4, 5), d(3, 2, 3, 2)),
        {},
    )
    for name in ("avg_pool2d", "max_pool2d"):
        yield f"F.{name}", (lambda x, f=getattr(F, name): f(x, 2)), lambda d: (d(2, 3, 6, 4),), {}
    yield "F.lp_pool2d", lambda x: F.lp_pool2d(x, 3.0, 2), lambda d: (d(2, 3, 6, 4, low=0.3, high=2.0),), {}
    yield "F.adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 2)), lambda d: (d(2, 3, 7, 5),), {}
    yield "F.adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (3, 2)), lambda d: (d(2, 3, 7, 5),), {}
    for mode in ("nearest", "bilinear", "bicubic", "area"):
        f = lambda x, m=mode: F.interpolate(x, (5, 7), mode=m)
        yield f"F.interpolate[{mode}]", f, lambda d: (d(2, 3, 3, 4),), {}
    for mode in ("constant", "reflect", "replicate", "circular"):
        yield f"F.pad[{mode}]", (lambda x, m=mode: F.pad(x, (1, 2), mode=m)), lambda d: (d(2, 3, 5),), {}
    yield (
        "F.grid_sample",
        lambda x, g: F.grid_sample(x, g, align_corners=False),
        lambda d: (d(2, 3, 5, 7), d(2, 3, 4, 2, low=-0.9, high=0.9)),
        {},
    )
    yield "F.affine_grid", lambda t: F.affine_grid(t, (2, 3, 4, 5), align_corners=False), lambda d: (d(2, 2, 3),), {}
    yield "F.pixel_shuffle", lambda x: F.pixel_shuffle(x, 2), lambda d: (d(2, 8, 3, 5),), {}
    yield "F.unfold", lambda x: F.unfold(x, (2, 3)), lambda d: (d(2, 3, 4, 5),), {}
    yield "F.fold", lambda x: F.fold(x, (4, 5), (2, 3)), lambda d: (d(2, 18, 9),), {}
    yield "F.layer_norm", lambda x, w, b: F.layer_norm(x, (5,), w, b), lambda d: (d(3, 5), d(5), d(5)), {}
    yield "F.rms_norm", lambda x, w: F.rms_norm(x, (5,), w), lambda d: (d(3, 5), d(5)), {}
    yield (
        "F.batch_norm",
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda d: (d(7, 5), d(5), d(5)),
        {},
    )
    yield "F.group_norm", lambda x, w: F.group_norm(x, 2, w), lambda d: (d(3, 6, 5), d(6)), {}
    yield "F.instance_norm", F.instance_norm, lambda d: (d(3, 2, 5),), {}
    yield "F.local_response_norm", lambda x: F.local_response_norm(x, 3), lambda d: (d(3, 5, 4),), {}
    yield "F.attention", F.scaled_dot_product_attention, lambda d: (d(2, 3, 5), d(2, 4, 5), d(2, 4, 5)), {}
    yield (
        "F.attention[causal]",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda d: (d(2, 3, 5), d(2, 3, 5), d(2, 3, 5)),
        {},
    )
    yield "F.bilinear", F.bilinear, lambda d: (d(2, 3), d(2, 5), d(7, 3, 5), d(7)), {}
    yield "torch.fft.rfft2", lambda x: torch.view_as_real(torch.fft.rfft2(x)), lambda d: (d(3, 5),), {}
    yield "torch.fft.irfft", lambda x: torch.fft.irfft(torch.view_as_complex(x), 7), lambda d: (d(3, 4, 2),), {}
    yield (
        "torch.stft",
        lambda x: torch.view_as_real(torch.stft(x, 8, window=torch.hann_window(8, dtype=x.dtype), return_complex=True)),
        lambda d: (d(33),),
        {},
    )
    yield "torch.istft", _istft, lambda d: (d(33),), {}


def _ctc(x):
    return F.ctc_loss(
        F.log_softmax(x, 2), torch.tensor([[1, 2, 2], [3, 1, 4]]), torch.tensor([7, 7]), torch.tensor([3, 2])
    )


def _istft(x):
    window = torch.hann_window(8, dtype=x.dtype)
    return torch.istft(torch.tanh(torch.stft(x, 8, window=window, return_complex=True).real) + 0j, 8, window=window)


def _linear_algebra():
    square = lambda d: (d(4, 4),)
    yield "matmul", torch.matmul, lambda d: (d(2, 3, 5), d(2, 5, 4)), {}
    yield "addmm", torch.addmm, lambda d: (d(3, 4), d(3, 5), d(5, 4)), {}
    yield "baddbmm", torch.baddbmm, lambda d: (d(2, 3, 4), d(2, 3, 5), d(2, 5, 4)), {}
    for name in "inv det slogdet matrix_exp pinv matrix_norm svdvals cond".split():
        yield f"linalg.{name}", getattr(torch.linalg, name), square, {}
    yield "linalg.nuc", lambda a: torch.linalg.matrix_norm(a, "nuc"), lambda d: (d(3, 5),), {}
    yield "linalg.two", lambda a: torch.linalg.matrix_norm(a, 2), lambda d: (d(3, 5),), {}
    yield "linalg.cholesky", lambda a: torch.linalg.cholesky((a + a.mT) / 2), lambda d: (d.definite(4),), {}
    yield "linalg.eigvalsh", lambda a: torch.linalg.eigvalsh(a + a.mT), square, {}
    yield "linalg.eigh", lambda a: torch.linalg.eigh(a + a.mT)[1].abs(), square, {}
    yield "linalg.eigvals", lambda a: torch.view_as_real(torch.linalg.eigvals(a)), square, {}
    yield "linalg.qr", torch.linalg.qr, lambda d: (d(5, 3),), {}
    yield "linalg.svd", lambda a: [m.abs() for m in torch.linalg.svd(a, full_matrices=False)], lambda d: (d(5, 3),), {}
    yield "linalg.solve", torch.linalg.solve, lambda d: (d.definite(4), d(4, 3)), {}
    yield "linalg.lstsq", lambda a, b: torch.linalg.lstsq(a, b).solution, lambda d: (d(5, 3), d(5, 2)), {}
    yield "linalg.lu", lambda a: torch.linalg.lu(a)[1:], square, {}
    yield (
        "linalg.triangular",
        lambda a, b: torch.linalg.solve_triangular(a, b, upper=False),
        lambda d: (d.definite(4), d(4, 3)),
        {},
    )
    yield "linalg.matrix_power", lambda a: torch.linalg.matrix_power(a, 3), square, {}
    yield "linalg.vector_norm[3]", lambda a: torch.linalg.vector_norm(a, 3, 1), lambda d: (d(3, 5),), {}
    yield (
        "linalg.multi_dot",
        lambda a, b, c: torch.linalg.multi_dot((a, b, c)),
        lambda d: (d(3, 5), d(5, 2), d(2, 4)),
        {},
    )
    yield "linalg.householder", lambda a, t: torch.linalg.householder_product(a, t), lambda d: (d(5, 3), d(3)), {}
    yield (
        "cholesky_inverse",
        lambda a: torch.cholesky_inverse(torch.linalg.cholesky((a + a.mT) / 2)),
        lambda d: (d.definite(4),),
        {},
    )
    yield "logdet", torch.logdet, lambda d: (d.definite(4),), {}


def _modules():
    image, flat = (lambda d: (d(2, 4, 6, 5),)), (lambda d: (d(7, 5),))
    sequence = lambda d: (d(5, 2, 3),)
    made = {
        "Linear": (lambda: nn.Linear(5, 3), flat),
        "Bilinear": (lambda: nn.Bilinear(5, 3, 2), lambda d: (d(7, 5), d(7, 3))),
        "Conv1d": (lambda: nn.Conv1d(3, 5, 2), lambda d: (d(2, 3, 7),)),
        "Conv2d": (lambda: nn.Conv2d(4, 3, 3, padding=1, stride=2), image),
        "Conv2d[reflect]": (lambda: nn.Conv2d(4, 3, 3, padding=1, padding_mode="reflect"), image),
        "ConvTranspose2d": (lambda: nn.ConvTranspose2d(4, 3, 3, stride=2, output_padding=1), image),
        "MaxPool2d": (lambda: nn.MaxPool2d(2), image),
        "FractionalMaxPool2d": (lambda: nn.FractionalMaxPool2d(2, output_size=(3, 2)), image),
        "AvgPool2d": (lambda: nn.AvgPool2d(3, 2, 1), image),
        "LPPool2d": (lambda: nn.LPPool2d(2, 2), image),
        "BatchNorm1d": (lambda: nn.BatchNorm1d(5), flat),
        "BatchNorm2d": (lambda: nn.BatchNorm2d(4), image),
        "GroupNorm": (lambda: nn.GroupNorm(2, 4), image),
        "InstanceNorm2d": (lambda: nn.InstanceNorm2d(4, affine=True), image),
        "LayerNorm": (lambda: nn.LayerNorm(5), flat),
        "RMSNorm": (lambda: nn.RMSNorm(5), flat),
        "Dropout": (lambda: nn.Dropout(0.3), flat),
        "Dropout2d": (lambda: nn.Dropout2d(0.3), image),
        "AlphaDropout": (lambda: nn.AlphaDropout(0.3), flat),
        "RReLU": (nn.RReLU, flat),
        "PReLU": (lambda: nn.PReLU(5), flat),
        "Softmax": (lambda: nn.Softmax(1), flat),
        "Softmin": (lambda: nn.Softmin(1), flat),
        "LogSoftmax": (lambda: nn.LogSoftmax(1), flat),
        "Threshold": (lambda: nn.Threshold(0.1, 20.0), flat),
        "Embedding": (lambda: nn.Embedding(7, 5), lambda d: (d.integers(7, 2, 3),)),
        "Embedding[padding]": (lambda: nn.Embedding(7, 5, padding_idx=2), lambda d: (torch.tensor([[2, 0, 5], [6, 2, 1]]),)),
        "EmbeddingBag": (lambda: nn.EmbeddingBag(7, 5), lambda d: (d.integers(7, 2, 3),)),
        "RNN": (lambda: nn.RNN(3, 4, 2), sequence),
        "LSTM": (lambda: nn.LSTM(3, 4, bidirectional=True), sequence),
        "LSTM[proj]": (lambda: nn.LSTM(3, 4, proj_size=2), sequence),
        "GRU": (lambda: nn.GRU(3, 4), sequence),
        "LSTMCell": (lambda: nn.LSTMCell(3, 4), lambda d: (d(2, 3),)),
        "GRUCell": (lambda: nn.GRUCell(3, 4), lambda d: (d(2, 3), d(2, 4))),
        "MultiheadAttention": (lambda: nn.MultiheadAttention(6, 2), lambda d: (d(3, 2, 6), d(5, 2, 6), d(5, 2, 6))),
        "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(6, 2, 8), lambda d: (d(3, 2, 6),)),
        "TransformerDecoderLayer": (lambda: nn.TransformerDecoderLayer(6, 2, 8, dropout=0.0), lambda d: (d(3, 2, 6), d(5, 2, 6))),
        "Sequential": (lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.GELU(), nn.Linear(4, 3)), flat),
        "Sequential[eval]": (lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(inplace=True)).eval(), flat),
        "weight_norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(5, 3)), flat),
        "orthogonal": (lambda: nn.utils.parametrizations.orthogonal(nn.Linear(5, 3)), flat),
        "spectral_norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(5, 3)).eval(), flat),
        "CosineSimilarity": (nn.CosineSimilarity, lambda d: (d(3, 5), d(3, 5))),
        "CrossEntropyLoss": (nn.CrossEntropyLoss, lambda d: (d(7, 5), d.integers(5, 7))),
        "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss, lambda d: (d(7, 5), d.integers(2, 7, 5).double())),
        "MultiLabelSoftMarginLoss": (nn.MultiLabelSoftMarginLoss, lambda d: (d(7, 5), d.integers(2, 7, 5).double())),
        "TripletMarginWithDistanceLoss": (nn.TripletMarginWithDistanceLoss, lambda d: (d(3, 5), d(3, 5), d(3, 5))),
        "AdaptiveLogSoftmaxWithLoss": (lambda: nn.AdaptiveLogSoftmaxWithLoss(5, 9, [2, 5], div_value=2.0), lambda d: (d(7, 5), d.integers(9, 7))),
        "PixelUnshuffle": (lambda: nn.PixelUnshuffle(2), lambda d: (d(2, 3, 4, 6),)),
        "Upsample": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), image),
        "ChannelShuffle": (lambda: nn.ChannelShuffle(2), image),
        "Flatten": (nn.Flatten, image),
        "Unflatten": (lambda: nn.Unflatten(1, (2, 2)), image),
    }  # fmt: skip
    for name, (build, inputs) in made.items():
        yield f"nn.{name}", build, inputs, {"build": True}


def _complex():
    z = lambda d: (d.complex(3, 5),)
    for name in "abs angle conj exp sin cos tanh sqrt log reciprocal sinh square sigmoid prod cumprod".split():
        f = (lambda x: torch.cumprod(x, 1)) if name == "cumprod" else getattr(torch, name)
        yield f"complex.{name}", f, z, {}
    yield "complex.fft", torch.fft.fft, z, {}
    yield "complex.ifft2", torch.fft.ifft2, z, {}
    yield "complex.matmul", torch.matmul, lambda d: (d.complex(3, 5), d.complex(5, 2)), {}
    yield "complex.mul", torch.mul, lambda d: (d.complex(3, 5), d.complex(5)), {}
    yield "complex.inv", torch.linalg.inv, lambda d: (d.complex(4, 4),), {}
    yield "complex.polar", torch.polar, lambda d: (d(3, 5, low=0.5, high=2.0), d(3, 5)), {}
