"""Linear algebra: products, solves, determinants, factorisations, spectra. Symmetric ones symmetrise inside."""

from functools import partial

import numpy as np
import scipy.linalg as sl

from ..make import normal, rule

R = partial(rule, "linalg")
A = normal(3, 3)
solve = np.linalg.solve


def t(x):
    return np.swapaxes(x, -1, -2)


def sym(a):
    return (a + t(a)) / 2


def dominant(n, *batch):
    """Far from singular, far from symmetric."""
    return lambda rng: rng.standard_normal((*batch, n, n)) + 3 * np.eye(n) * rng.choice([1, 1.5], n)


def definite(n):
    """Positive definite once symmetrised; drawn not symmetric."""
    return lambda rng: rng.uniform(-0.5, 0.5, (n, n)) + np.diag(2.0 + np.arange(n))


def spaced(n):
    """Distinct eigenvalues once symmetrised."""
    return lambda rng: rng.standard_normal((n, n)) * 0.3 + np.diag(2.0 * rng.permutation(n) - 3)


def tall(m, n):
    """Distinct singular values, all well above 0."""

    def draw(rng):
        u, v = np.linalg.qr(rng.standard_normal((m, n)))[0], np.linalg.qr(rng.standard_normal((n, n)))[0]
        return u * (1.0 + np.arange(n) + rng.uniform(0, 0.4, n)) @ v

    return draw


def half_low(m):
    """Lower triangle with half the diagonal."""
    return np.tril(m) - np.diag(np.diag(m)) / 2


def cholesky_pull(u, a):
    c = np.linalg.cholesky(sym(a))
    s = solve(c.T, half_low(c.T @ np.tril(u)))
    return sym(solve(c.T, s.T).T)


def eigh_pull(u, a):
    """v diag(u) vᵀ."""
    v = np.linalg.eigh(sym(a))[1]
    return v @ np.diag(u) @ v.T


def svd_pull(u, x):
    p, _, q = np.linalg.svd(x, full_matrices=False)
    return p @ np.diag(u) @ q


def nuclear_pull(u, x):
    p, _, q = np.linalg.svd(x, full_matrices=False)
    return u * p @ q


def solve_pull(u, a, b):
    g = solve(t(a), u)
    return -g @ t(solve(a, b)), g


def triangular_pull(u, a, b):
    g = sl.solve_triangular(a, u, lower=True, trans="T")
    return -np.tril(g @ sl.solve_triangular(a, b, lower=True).T), g


def inverse_pull(u, a):
    i = np.linalg.inv(a)
    return -t(i) @ u @ t(i)


def expm_pull(u, a):
    """The adjoint of the Fréchet derivative: the derivative at aᵀ."""
    return sl.expm_frechet(a.T, u, compute_expm=False)


def qr_positive(x):
    """QR with a positive diagonal of R: unique, hence differentiable."""
    q, r = np.linalg.qr(x)
    s = np.sign(np.diag(r))
    return q * s, r * s[:, None]


def qr_pull(u, x):
    q, r = qr_positive(x)
    dq, dr = u
    dr = np.triu(dr)
    m = r @ dr.T - dq.T @ q
    m = np.tril(m, -1)
    m = m + m.T + np.diag(np.diag(r @ dr.T - dq.T @ q))
    return sl.solve_triangular(r, (dq + q @ m).T).T


def pinv_pull(u, x):
    """(xᵀx)⁻¹xᵀ, x of full column rank."""
    g = np.linalg.inv(x.T @ x)
    p = g @ x.T
    return -p.T @ u @ p.T + (np.eye(len(x)) - x @ p) @ u.T @ g


def projector(a):
    v = np.linalg.eigh(sym(a))[1][:, -1]
    return np.outer(v, v)


def projector_pull(u, a):
    """vvᵀ of the largest eigenvalue: dv = (λ − A)⁺ dA v."""
    w, v = np.linalg.eigh(sym(a))
    top, rest = v[:, -1], v[:, :-1]
    z = rest @ ((rest.T @ (u + u.T) @ top) / (w[-1] - w[:-1]))
    return sym(np.outer(z, top))


def sqrtm(a):
    w, v = np.linalg.eigh(sym(a))
    return v * np.sqrt(w) @ v.T


def sqrtm_pull(u, a):
    s = sqrtm(a)
    return sym(sl.solve_sylvester(s, s, sym(u)))


def lstsq_pull(u, x, b):
    g = np.linalg.inv(x.T @ x)
    w, z = g @ x.T @ b, g @ u
    return np.outer(b - x @ w, z) - np.outer(x @ z, w), x @ z


def mahalanobis_pull(u, x, a):
    """xᵀ sym(a)⁻¹ x."""
    y = solve(sym(a), x)
    return 2 * u * y, -u * np.outer(y, y)


SOLVE = R("solve", solve, solve_pull, dominant(3), normal(3, 2), names=("a", "b"))
INVERSE = R("inverse", np.linalg.inv, inverse_pull, dominant(3), names=("a",))
DET = R("determinant", np.linalg.det, lambda u, a: u * np.linalg.det(a) * np.linalg.inv(a).T, dominant(3), names=("a",))
LOGDET = R("log determinant", lambda a: np.linalg.slogdet(a)[1], lambda u, a: u * np.linalg.inv(a).T, dominant(3))
CHOLESKY = R("cholesky", lambda a: np.linalg.cholesky(sym(a)), cholesky_pull, definite(3))
EIGVALSH = R("symmetric eigenvalues", lambda a: np.linalg.eigvalsh(sym(a)), eigh_pull, spaced(3))
SINGULAR = R("singular values", lambda x: np.linalg.svd(x, compute_uv=False), svd_pull, tall(5, 3))
TRIANGULAR = R(
    "triangular solve", lambda a, b: sl.solve_triangular(a, b, lower=True), triangular_pull, dominant(3), normal(3, 2)
)
EXPM = R("matrix exponential", sl.expm, expm_pull, A, names=("a",))
PINV = R("pseudo-inverse", lambda x: np.linalg.pinv(x), pinv_pull, tall(5, 3))
QR = R("qr", qr_positive, qr_pull, tall(5, 3), names=("x",))
LSTSQ = R("least squares", lambda x, b: solve(x.T @ x, x.T @ b), lstsq_pull, tall(5, 3), normal(5))

RULES = (
    SOLVE,
    INVERSE,
    DET,
    LOGDET,
    CHOLESKY,
    EIGVALSH,
    SINGULAR,
    TRIANGULAR,
    EXPM,
    PINV,
    QR,
    LSTSQ,
    R("solve, batched", solve, solve_pull, dominant(3, 2), normal(2, 3, 5), names=("a", "b")),
    R(
        "solve with the transpose",
        lambda a, b: solve(a.T, b),
        lambda u, a, b: (-solve(a.T, b) @ solve(a, u).T, solve(a, u)),
        dominant(3),
        normal(3, 2),
    ),
    R(
        "squared determinant",
        lambda a: np.linalg.det(a) ** 2,
        lambda u, a: 2 * u * np.linalg.det(a) ** 2 * np.linalg.inv(a).T,
        dominant(3),
    ),
    R(
        "trace of the inverse",
        lambda a: np.trace(np.linalg.inv(a)),
        lambda u, a: -u * np.linalg.matrix_power(np.linalg.inv(a), 2).T,
        dominant(3),
    ),
    R("largest eigenvalue", lambda a: np.linalg.eigvalsh(sym(a))[-1], lambda u, a: u * projector(a), spaced(4)),
    R("projector on the top eigenvector", projector, projector_pull, spaced(3), names=("a",)),
    R("symmetric square root", sqrtm, sqrtm_pull, definite(3), names=("a",)),
    R("nuclear norm", lambda x: np.linalg.svd(x, compute_uv=False).sum(), nuclear_pull, tall(5, 3)),
    R(
        "spectral norm",
        lambda x: np.linalg.svd(x, compute_uv=False)[0],
        lambda u, x: svd_pull(u * (np.arange(3) == 0), x),
        tall(5, 3),
    ),
    R("quadratic form of an inverse", lambda x, a: x @ solve(sym(a), x), mahalanobis_pull, normal(3), definite(3)),
    R(
        "log determinant by cholesky",
        lambda a: 2 * np.log(np.diag(np.linalg.cholesky(sym(a)))).sum(),
        lambda u, a: u * np.linalg.inv(sym(a)),
        definite(4),
    ),
)
