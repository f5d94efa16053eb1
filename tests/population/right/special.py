"""Special functions, each at points where its derivative has another closed form."""

from functools import partial
from math import pi, sqrt

import numpy as np
from scipy import special as s

from ..make import elementwise, moved, normal, positive, rule, scaled, uniform

E, R = partial(elementwise, "special"), partial(rule, "special")
P, U = positive(0.3, 6, 3, 5), uniform(0.05, 0.95, 3, 5)


def normal_pdf(x):
    return np.exp(-x * x / 2) / sqrt(2 * pi)


def log_ndtr_slope(x):
    return np.exp(-x * x / 2 - s.log_ndtr(x)) / sqrt(2 * pi)


def beta_pull(u, a, b):
    v = s.beta(a, b)
    return u * v * (s.digamma(a) - s.digamma(a + b)), u * v * (s.digamma(b) - s.digamma(a + b))


def betaln_pull(u, a, b):
    return u * (s.digamma(a) - s.digamma(a + b)), u * (s.digamma(b) - s.digamma(a + b))


def zeta_slope(x):
    """Of a · ζ(2, x): −2 ζ(3, x)."""
    return -2 * s.zeta(3, x)


def ellipk_slope(m):
    return (s.ellipe(m) - (1 - m) * s.ellipk(m)) / (2 * m * (1 - m))


def kl_div_pull(u, x, y):
    return u * np.log(x / y), u * (1 - x / y)


def jn_slope(n, x):
    return (s.jv(n - 1, x) - s.jv(n + 1, x)) / 2


GAMMALN = E("gammaln", s.gammaln, s.digamma, P)
ERF = E("erf", s.erf, lambda x: 2 / sqrt(pi) * np.exp(-x * x))
ERFC = E("erfc", s.erfc, lambda x: -2 / sqrt(pi) * np.exp(-x * x))
DIGAMMA = E("digamma", s.digamma, lambda x: s.polygamma(1, x), P)
NDTR = E("ndtr", s.ndtr, normal_pdf)
LOG_NDTR = E("log_ndtr", s.log_ndtr, log_ndtr_slope)
BESSEL_I0 = E("i0", s.i0, s.i1)
BESSEL_J0 = E("j0", s.j0, lambda x: -s.j1(x))
LOGIT = E("logit", s.logit, lambda x: 1 / (x * (1 - x)), U)
XLOGY = R("xlogy", s.xlogy, lambda u, x, y: (u * np.log(y), u * x / y), P, P, names=("x", "y"))
BETA = R("beta", s.beta, beta_pull, P, P, names=("a", "b"))
BETAINC = R(
    "betainc, in x", lambda x: s.betainc(2.5, 1.5, x), lambda u, x: u * x**1.5 * (1 - x) ** 0.5 / s.beta(2.5, 1.5), U
)
ENTR = E("entr", s.entr, lambda x: -np.log(x) - 1, P)

RULES = (
    GAMMALN,
    ERF,
    ERFC,
    DIGAMMA,
    NDTR,
    LOG_NDTR,
    BESSEL_I0,
    BESSEL_J0,
    LOGIT,
    XLOGY,
    BETA,
    BETAINC,
    ENTR,
    E("gamma", s.gamma, lambda x: s.gamma(x) * s.digamma(x), P),
    E("reciprocal gamma", s.rgamma, lambda x: -s.digamma(x) * s.rgamma(x), P),
    E("trigamma", lambda x: s.polygamma(1, x), lambda x: s.polygamma(2, x), P),
    E("zeta of two", lambda x: s.zeta(2, x), zeta_slope, P),
    E("erfcx", s.erfcx, lambda x: 2 * x * s.erfcx(x) - 2 / sqrt(pi)),
    E("erfinv", s.erfinv, lambda y: sqrt(pi) / 2 * np.exp(s.erfinv(y) ** 2), uniform(-0.95, 0.95, 3, 5)),
    E("dawson", s.dawsn, lambda x: 1 - 2 * x * s.dawsn(x)),
    E("ndtri", s.ndtri, lambda p: sqrt(2 * pi) * np.exp(s.ndtri(p) ** 2 / 2), U),
    E("i1", s.i1, lambda x: (s.i0(x) + s.iv(2, x)) / 2),
    E("i0e", s.i0e, lambda x: s.i1e(x) - np.sign(x) * s.i0e(x), P),
    E("j1", s.j1, lambda x: jn_slope(1, x)),
    E("jv of 2.5", lambda x: s.jv(2.5, x), lambda x: jn_slope(2.5, x), P),
    E("y0", s.y0, lambda x: -s.y1(x), P),
    E("k0", s.k0, lambda x: -s.k1(x), P),
    E("airy", lambda x: s.airy(x)[0], lambda x: s.airy(x)[1]),
    E("exponential integral", s.exp1, lambda x: -np.exp(-x) / x, P),
    E("sine integral", lambda x: s.sici(x)[0], lambda x: np.sin(x) / x, P),
    E("cosine integral", lambda x: s.sici(x)[1], lambda x: np.cos(x) / x, P),
    E("fresnel", lambda x: s.fresnel(x)[0], lambda x: np.sin(pi * x * x / 2)),
    E("elliptic k", s.ellipk, ellipk_slope, U),
    E("elliptic e", s.ellipe, lambda m: (s.ellipe(m) - s.ellipk(m)) / (2 * m), U),
    E("spence", s.spence, lambda x: np.log(x) / (1 - x), uniform(1.2, 4, 3, 5)),
    E("lambert w", lambda x: s.lambertw(x).real, lambda x: (w := s.lambertw(x).real) / (x * (1 + w)), P),
    E("sinc of numpy", np.sinc, lambda x: (np.cos(pi * x) - np.sinc(x)) / x, uniform(0.2, 2.5, 3, 5)),
    E("log1p", np.log1p, lambda x: 1 / (1 + x), P),
    E("expm1", np.expm1, np.exp),
    E("cube root", np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2), P),
    E("exprel", s.exprel, lambda x: (x * np.exp(x) - np.expm1(x)) / x**2, P),
    E("legendre p3", lambda x: s.eval_legendre(3, x), lambda x: (15 * x * x - 3) / 2),
    E("hypergeometric 1f1", lambda x: s.hyp1f1(1.5, 2.5, x), lambda x: 0.6 * s.hyp1f1(2.5, 3.5, x)),
    E(
        "hypergeometric 2f1",
        lambda x: s.hyp2f1(1.5, 2.0, 2.5, x),
        lambda x: 1.2 * s.hyp2f1(2.5, 3.0, 3.5, x),
        uniform(-0.8, 0.6, 3, 5),
    ),
    E("gammainc of 2.5", lambda x: s.gammainc(2.5, x), lambda x: x**1.5 * np.exp(-x) / s.gamma(2.5), P),
    E("boxcox 0.3", lambda x: s.boxcox(x, 0.3), lambda x: x**-0.7, P),
    E(
        "von mises density",
        lambda x: np.exp(2 * np.cos(x)) / (2 * pi * s.i0(2.0).item()),
        lambda x: -2 * np.sin(x) * np.exp(2 * np.cos(x)) / (2 * pi * s.i0(2.0).item()),
    ),
    R("betaln", s.betaln, betaln_pull, P, P, names=("a", "b")),
    R("xlog1py", s.xlog1py, lambda u, x, y: (u * np.log1p(y), u * x / (1 + y)), P, P, names=("x", "y")),
    R("kl_div", s.kl_div, kl_div_pull, P, P, names=("x", "y")),
    R(
        "hypot",
        np.hypot,
        lambda u, x, y: (u * x / np.hypot(x, y), u * y / np.hypot(x, y)),
        normal(3, 5),
        normal(3, 5),
        names=("x", "y"),
    ),
    R(
        "arctan2",
        np.arctan2,
        lambda u, y, x: (u * x / (x * x + y * y), -u * y / (x * x + y * y)),
        normal(3, 5),
        normal(3, 5),
        names=("y", "x"),
    ),
    R(
        "multivariate gammaln",
        lambda x: s.multigammaln(x, 3),
        lambda u, x: u * sum(s.digamma(x - j / 2) for j in range(3)),
        lambda rng: np.array(rng.uniform(2, 5)),
    ),
    moved(GAMMALN, "large", positive(1e4, 1e7, 3, 5)),
    moved(ERF, "tiny", scaled(1e-9, 1e-6, 3, 5)),
    moved(ERFC, "far right", uniform(3, 8, 3, 5)),
    moved(LOG_NDTR, "far left", uniform(-30, -10, 3, 5)),
    moved(NDTR, "far left", uniform(-12, -6, 3, 5)),
    moved(
        LOGIT,
        "near the edges",
        lambda rng: np.where(rng.random((3, 5)) < 0.5, 1e-6, 1 - 1e-4) * rng.uniform(0.9, 1, (3, 5)),
    ),
    moved(BESSEL_J0, "large", positive(30, 90, 3, 5)),
)
