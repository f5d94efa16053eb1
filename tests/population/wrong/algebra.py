"""Mistakes in linear algebra as people make them."""

import numpy as np
from scipy import linalg as sl

from ..right import linalg, products
from ..right.linalg import half_low, projector, solve, sym, t
from .mutators import bug, shelf

L = shelf(linalg, products)
inv = np.linalg.inv


def on(name, how, slug, *, size=None, **pulls):
    return bug(L[name], how, slug, size=size, **pulls)


def cholesky_pull(u, a, half=half_low, final=sym):
    c = np.linalg.cholesky(sym(a))
    return final(solve(c.T, solve(c.T, half(c.T @ np.tril(u)).T).T))


def svd(x):
    return np.linalg.svd(x, full_matrices=False)


def qr_half(u, x):
    """R's part left out."""
    return L["qr"].vjp((x,), (u[0], 0 * u[1]))[0]


def projector_part(u, a):
    w, v = np.linalg.eigh(sym(a))
    return sym(np.outer(v[:, 0], v[:, -1]) * (v[:, 0] @ (u + u.T) @ v[:, -1]) / (w[-1] - w[0]))


RULES = (
    on("matmul", "other operand shifted", "shift", a=lambda u, a, b: u @ np.roll(b, 1, 0).T),
    on("matmul", "absolute values", "wrong_function", b=lambda u, a, b: np.abs(a).T @ u),
    on("matmul, batched", "first of the batch", "missing_sum", a=lambda u, a, b: u @ t(b[:1])),
    on("matmul, batch shared", "mean over the batch", "mean_for_sum", a=lambda u, a, b: (u @ t(b)).mean(0), size=0.5),
    on("matmul, batch shared", "first of the batch", "missing_sum", a=lambda u, a, b: u[0] @ b[0].T),
    on("gram", "one use only", "missing_term", x=lambda u, x: x @ u),
    on("gram", "as if symmetric", "missing_term", x=lambda u, x: 2 * x @ u),
    on(
        "product of three",
        "order of the outer factors",
        "wrong_argument",
        b=lambda u, a, b, c: a.T @ np.roll(u, 1, 1) @ c.T,
    ),
    on("sandwich", "one use only", "missing_term", x=lambda u, x, a: u @ x @ a.T),
    on("sandwich", "transposed", "transposed", a=lambda u, x, a: x.T @ u.T @ x),
    on("matrix cubed", "3 a²", "wrong_function", a=lambda u, a: 3 * u @ (a @ a).T),
    on("commutator", "second half left out", "missing_term", a=lambda u, a, b: u @ b.T),
    on("quadratic form", "as if symmetric", "missing_term", x=lambda u, x, a: 2 * u[:, None] * (x @ a)),
    on("quadratic form", "first sample only", "missing_sum", a=lambda u, x, a: u[0] * np.outer(x[0], x[0])),
    on(
        "kronecker product",
        "blocks the other way",
        "permuted",
        b=lambda u, a, b: np.einsum("kilj,ij->kl", u.reshape(5, 2, 4, 3), a),
    ),
    on("trace of a product", "entries turned round", "permuted", a=lambda u, a, b: u * b.T[::-1]),
    on(
        "toeplitz product",
        "lower half only",
        "missing_term",
        c=lambda u, c, x: np.array([(u[i:] * x[: 5 - i]).sum() for i in range(5)]),
    ),
    on(
        "polynomial",
        "power not lowered",
        "missing_factor",
        x=lambda u, c, x: u * np.polyval(c * np.arange(4, -1, -1), x),
    ),
    on(
        "vandermonde", "exponents in rising order", "permuted", x=lambda u, x: L["vandermonde"].vjp((x,), u[:, ::-1])[0]
    ),
    on("cross product", "order turned round", "sign", b=lambda u, a, b: np.cross(a, u), size=2),
    on("solve", "not transposed", "transposed", b=lambda u, a, b: solve(a, u)),
    on("solve", "sign", "sign", a=lambda u, a, b: solve(a.T, u) @ solve(a, b).T, size=2),
    on("solve", "right-hand side for the solution", "wrong_argument", a=lambda u, a, b: -solve(a.T, u) @ b.T),
    on("solve", "matrix as a constant", "zero", a=lambda u, a, b: 0 * a, size=1),
    on("solve with the transpose", "that of solve", "transposed", b=lambda u, a, b: solve(a.T, u)),
    on("inverse", "second factor left out", "missing_factor", a=lambda u, a: -inv(a).T @ u),
    on("inverse", "not transposed", "transposed", a=lambda u, a: -inv(a) @ u @ inv(a)),
    on("inverse", "sign", "sign", a=lambda u, a: inv(a).T @ u @ inv(a).T, size=2),
    on("inverse", "elementwise", "wrong_function", a=lambda u, a: -u * inv(a) ** 2),
    on("determinant", "determinant left out", "missing_factor", a=lambda u, a: u * inv(a).T),
    on("determinant", "not transposed", "transposed", a=lambda u, a: u * np.linalg.det(a) * inv(a)),
    on("determinant", "diagonal only", "diagonal", a=lambda u, a: u * np.linalg.det(a) * np.diag(np.diag(inv(a)))),
    on("log determinant", "not transposed", "transposed", a=lambda u, a: u * inv(a)),
    on("log determinant", "times the determinant", "extra_factor", a=lambda u, a: u * inv(a).T * np.linalg.det(a)),
    on("trace of the inverse", "not squared", "missing_factor", a=lambda u, a: -u * inv(a).T),
    on("cholesky", "diagonal not halved", "diagonal", a=lambda u, a: cholesky_pull(u, a, np.tril)),
    on("cholesky", "diagonal left out", "diagonal", a=lambda u, a: cholesky_pull(u, a, lambda m: np.tril(m, -1))),
    on("cholesky", "not symmetrised", "missing_term", a=lambda u, a: cholesky_pull(u, a, final=lambda g: g)),
    on(
        "cholesky",
        "symmetrised as g + gᵀ",
        "factor",
        a=lambda u, a: cholesky_pull(u, a, final=lambda g: g + g.T),
        size=1,
    ),
    on(
        "cholesky",
        "upper half of the cotangent too",
        "mask",
        a=lambda u, a: L["cholesky"].vjp((a,), np.tril(u) + np.triu(u, 1).T)[0],
    ),
    on("log determinant by cholesky", "factor 2 left out", "factor", a=lambda u, a: u * inv(sym(a)) / 2, size=0.5),
    on(
        "triangular solve",
        "upper half too",
        "mask",
        a=lambda u, a, b: -np.linalg.solve(np.tril(a).T, u) @ np.linalg.solve(np.tril(a), b).T,
    ),
    on("triangular solve", "not transposed", "transposed", b=lambda u, a, b: sl.solve_triangular(a, u, lower=True)),
    on(
        "symmetric eigenvalues",
        "eigenvectors transposed",
        "transposed",
        a=lambda u, a: (v := np.linalg.eigh(sym(a))[1]).T @ np.diag(u) @ v,
    ),
    on(
        "symmetric eigenvalues",
        "order turned round",
        "permuted",
        a=lambda u, a: (v := np.linalg.eigh(sym(a))[1]) @ np.diag(u[::-1]) @ v.T,
    ),
    on("largest eigenvalue", "diagonal only", "diagonal", a=lambda u, a: u * np.diag(np.diag(projector(a)))),
    on("projector on the top eigenvector", "one eigenvector only", "missing_term", a=lambda u, a: projector_part(u, a)),
    on(
        "projector on the top eigenvector",
        "gap's sign",
        "sign",
        a=lambda u, a: -L["projector on the top eigenvector"].vjp((a,), u)[0],
        size=2,
    ),
    on(
        "symmetric square root", "as if scalar", "wrong_function", a=lambda u, a: sym(sym(u) @ inv(linalg.sqrtm(a)) / 2)
    ),
    on(
        "singular values",
        "weights the other way",
        "permuted",
        x=lambda u, x: (v := svd(x))[0] @ np.diag(u[::-1]) @ v[2],
    ),
    on("nuclear norm", "that of the frobenius norm", "wrong_function", x=lambda u, x: u * x / np.linalg.norm(x)),
    on("spectral norm", "all singular vectors", "missing_factor", x=lambda u, x: u * svd(x)[0] @ svd(x)[2]),
    on("matrix exponential", "as if commuting", "wrong_function", a=lambda u, a: u @ sl.expm(a).T),
    on("matrix exponential", "not transposed", "transposed", a=lambda u, a: sl.expm_frechet(a, u, compute_expm=False)),
    on("matrix exponential", "elementwise", "wrong_function", a=lambda u, a: u * sl.expm(a)),
    on("qr", "triangle's part left out", "missing_term", x=qr_half),
    on(
        "pseudo-inverse",
        "that of the inverse",
        "missing_term",
        x=lambda u, x: -np.linalg.pinv(x).T @ u @ np.linalg.pinv(x).T,
    ),
    on(
        "least squares",
        "residual's part left out",
        "missing_term",
        x=lambda u, x, b: -np.outer(x @ inv(x.T @ x) @ u, inv(x.T @ x) @ x.T @ b),
    ),
    on("quadratic form of an inverse", "factor 2 left out", "factor", x=lambda u, x, a: u * solve(sym(a), x), size=0.5),
    on(
        "quadratic form of an inverse",
        "one factor of the inverse",
        "missing_factor",
        a=lambda u, x, a: -u * sym(np.outer(solve(sym(a), x), x)),
    ),
)
