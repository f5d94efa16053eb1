"""Rules of the other families in single precision: the same code, points drawn as float32."""

from ..make import in_float32
from . import activations as a
from . import attention as at
from . import conv as c
from . import dense as d
from . import indexing as i
from . import kinks as k
from . import linalg as la
from . import losses as lo
from . import norm as n
from . import pool as p
from . import products as pr
from . import recurrent as r
from . import reductions as re
from . import schemes as sc
from . import special as s

BASES = (
    *(a.SIGMOID, a.TANH, a.SOFTPLUS, a.SILU, a.GELU, a.GELU_TANH, a.MISH, a.ELU, a.RELU, a.SOFTMAX, a.LOG_SOFTMAX),
    *(at.PLAIN, at.CAUSAL, at.MULTI),
    *(c.PLAIN, c.STRIDED, c.PADDED, c.DILATED, c.GROUPED, c.LINE, c.TRANSPOSED),
    *(d.AFFINE, d.TWO, d.RELU_LAYER, d.HIGHWAY),
    *(i.EMBED, i.TAKE, i.SCATTER, i.PAD, i.CONCAT, i.SEGMENT_MEAN),
    *(pr.MATMUL, pr.BATCHED, pr.KRON, la.SOLVE, la.INVERSE, la.LOGDET, la.CHOLESKY),
    *(lo.MSE, lo.CROSS_ENTROPY, lo.BCE_LOGITS, lo.HUBER, lo.COSINE),
    *(n.BATCH, n.LAYER, n.GROUP, n.RMS, n.L2),
    *(sc.RK4, sc.HEAT, sc.FFT_CONVOLVE),
    *(p.MAX, p.AVERAGE, p.GLOBAL_AVERAGE),
    *(r.RNN, r.LSTM, r.GRU),
    *(re.SUM, re.VAR, re.STD, re.CUMSUM, re.LSE, re.SORT, re.NORM2),
    *(s.ERF, s.GAMMALN, s.XLOGY, s.LOG_NDTR),
    *(k.RELU0, k.MAX_FIRST),
)

RULES = tuple(in_float32(base) for base in BASES)
