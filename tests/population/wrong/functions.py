"""Mistakes in special functions as people make them."""

from math import pi, sqrt

import numpy as np
from scipy import special as s

from ..right import special
from .mutators import bug, shelf

S = shelf(special)


def f(name, how, slug, df, size=None):
    return bug(S[name], how, slug, size=size, x=lambda u, x: u * df(x))


RULES = (
    f("gammaln", "trigamma", "wrong_function", lambda x: s.polygamma(1, x)),
    f("gammaln", "logarithm", "approximation", np.log),
    f("gammaln", "logarithm less 1/2x", "approximation", lambda x: np.log(x) - 0.5 / x),
    f("erf", "2/√π left out", "factor", lambda x: np.exp(-x * x), 1 - sqrt(pi) / 2),
    f("erf", "1.1284 for 2/√π", "constant", lambda x: 1.1284 * np.exp(-x * x), abs(1.1284 / 2 * sqrt(pi) - 1)),
    f("erf", "half the exponent", "constant", lambda x: 2 / sqrt(pi) * np.exp(-x * x / 2)),
    f("erfc", "sign", "sign", lambda x: 2 / sqrt(pi) * np.exp(-x * x), 2.0),
    f("erfcx", "that of erfc", "missing_term", lambda x: -2 / sqrt(pi) * np.exp(-x * x)),
    f("ndtr", "root of two pi left out", "factor", lambda x: np.exp(-x * x / 2), sqrt(2 * pi) - 1),
    f("ndtr", "that of erf", "wrong_function", lambda x: 2 / sqrt(pi) * np.exp(-x * x)),
    f("log_ndtr", "not divided by ndtr", "missing_factor", special.normal_pdf),
    f("ndtri", "density for its reciprocal", "inverted", lambda x: special.normal_pdf(s.ndtri(x))),
    f("erfinv", "sign in the exponent", "sign_inside", lambda x: sqrt(pi) / 2 * np.exp(-(s.erfinv(x) ** 2))),
    f("digamma", "of order two", "wrong_function", lambda x: s.polygamma(2, x)),
    f("gamma", "gamma left out", "missing_factor", s.digamma),
    f("i0", "i0 itself", "wrong_function", s.i0),
    f("j0", "sign", "sign", s.j1, 2.0),
    f("j1", "that of j0", "wrong_function", lambda x: -s.j0(x)),
    f("i0e", "scaling's part left out", "missing_term", s.i1e),
    f("k0", "sign", "sign", s.k1, 2.0),
    f("logit", "1/x", "missing_factor", lambda x: 1 / x),
    f("dawson", "one left out", "missing_term", lambda x: -2 * x * s.dawsn(x)),
    f("betainc, in x", "beta left out", "missing_factor", lambda x: x**1.5 * (1 - x) ** 0.5),
    f("betainc, in x", "exponents not lowered", "missing_factor", lambda x: x**2.5 * (1 - x) ** 1.5 / s.beta(2.5, 1.5)),
    f("exponential integral", "sign", "sign", lambda x: np.exp(-x) / x, 2.0),
    f("elliptic k", "of the modulus", "wrong_argument", lambda x: special.ellipk_slope(x * x)),
    f("hypergeometric 1f1", "a/b left out", "factor", lambda x: s.hyp1f1(2.5, 3.5, x), 2 / 3),
    f("lambert w", "w left out", "missing_factor", lambda x: 1 / (x * (1 + s.lambertw(x).real))),
    f("log1p", "that of log", "wrong_function", lambda x: 1 / x),
    f("cube root", "not squared", "missing_factor", lambda x: 1 / (3 * np.cbrt(x))),
    f("boxcox 0.3", "λ in front", "factor", lambda x: 0.3 * x**-0.7, 0.7),
    bug(S["xlogy"], "log base two", "log_base", x=lambda u, x, y: u * np.log2(y), size=1 / np.log(2) - 1),
    bug(S["beta"], "digamma of the sum left out", "missing_term", a=lambda u, a, b: u * s.beta(a, b) * s.digamma(a)),
    bug(S["arctan2"], "sign of the second", "sign", x=lambda u, y, x: u * y / (x * x + y * y), size=2),
    bug(S["hypot"], "not divided", "missing_factor", x=lambda u, x, y: u * x),
)
