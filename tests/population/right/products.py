"""Products of matrices and vectors: plain, batched, by einsum, by structure."""

from functools import partial

import numpy as np
import scipy.linalg as sl

from ..make import normal, rule

R = partial(rule, "linalg")
A = normal(3, 3)


def t(x):
    return np.swapaxes(x, -1, -2)


def kron_pull(u, a, b):
    u = u.reshape(a.shape[0], b.shape[0], a.shape[1], b.shape[1])
    return np.einsum("ikjl,kl->ij", u, b), np.einsum("ikjl,ij->kl", u, a)


def quadratic_pull(u, x, a):
    return u[:, None] * (x @ (a + a.T)), np.einsum("b,bi,bj->ij", u, x, x)


MATMUL = R("matmul", lambda a, b: a @ b, lambda u, a, b: (u @ b.T, a.T @ u), normal(5, 3), normal(3, 2))


BATCHED = R(
    "matmul, batched", lambda a, b: a @ b, lambda u, a, b: (u @ t(b), t(a) @ u), normal(2, 5, 3), normal(2, 3, 7)
)


SHARED = R(
    "matmul, batch shared",
    lambda a, b: a @ b,
    lambda u, a, b: ((u @ t(b)).sum(0), t(a) @ u),
    normal(5, 3),
    normal(2, 3, 7),
)


KRON = R("kronecker product", np.kron, kron_pull, normal(2, 3), normal(5, 4), names=("a", "b"))


TRACE = R(
    "trace of a product", lambda a, b: np.trace(a @ b), lambda u, a, b: (u * b.T, u * a.T), normal(3, 5), normal(5, 3)
)


OUTER = R("outer", np.outer, lambda u, a, b: (u @ b, a @ u), normal(3), normal(5), names=("a", "b"))


QUADRATIC = R("quadratic form", lambda x, a: np.einsum("bi,ij,bj->b", x, a, x), quadratic_pull, normal(5, 3), A)


def toeplitz_pull(u, c, x):
    lag = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    g = np.zeros_like(c)
    np.add.at(g, lag, np.outer(u, x))
    return g, sl.toeplitz(c) @ u


RULES = (
    MATMUL,
    BATCHED,
    SHARED,
    KRON,
    TRACE,
    OUTER,
    QUADRATIC,
    R("matrix times vector", lambda a, x: a @ x, lambda u, a, x: (np.outer(u, x), a.T @ u), normal(5, 3), normal(3)),
    R("gram", lambda x: x.T @ x, lambda u, x: x @ (u + u.T), normal(5, 3)),
    R(
        "product of three",
        lambda a, b, c: a @ b @ c,
        lambda u, a, b, c: (u @ c.T @ b.T, a.T @ u @ c.T, b.T @ a.T @ u),
        normal(2, 3),
        normal(3, 5),
        normal(5, 7),
    ),
    R("sandwich", lambda x, a: x @ a @ x.T, lambda u, x, a: (u @ x @ a.T + u.T @ x @ a, x.T @ u @ x), normal(5, 3), A),
    R(
        "einsum of three",
        lambda a, b, c: np.einsum("ij,jkl,l->ki", a, b, c),
        lambda u, a, b, c: (
            np.einsum("ki,jkl,l->ij", u, b, c),
            np.einsum("ki,ij,l->jkl", u, a, c),
            np.einsum("ki,ij,jkl->l", u, a, b),
        ),
        normal(2, 3),
        normal(3, 5, 7),
        normal(7),
    ),
    R(
        "tensor contraction",
        lambda a, b: np.tensordot(a, b, ([0, 2], [1, 0])),
        lambda u, a, b: (np.einsum("jl,kil->ijk", u, b), np.einsum("jl,ijk->kil", u, a)),
        normal(2, 3, 5),
        normal(5, 2, 7),
    ),
    R("matrix cubed", lambda a: a @ a @ a, lambda u, a: u @ (a @ a).T + a.T @ u @ a.T + (a @ a).T @ u, A),
    R(
        "cross product",
        lambda a, b: np.cross(a, b),
        lambda u, a, b: (np.cross(b, u), np.cross(u, a)),
        normal(5, 3),
        normal(5, 3),
    ),
    R(
        "vandermonde",
        lambda x: np.vander(x, 4),
        lambda u, x: (u * np.array([3.0, 2, 1, 0], x.dtype) * np.stack([x**2, x, 1 + 0 * x, 0 * x], 1)).sum(1),
        normal(5),
    ),
    R(
        "polynomial",
        lambda c, x: np.polyval(c, x),
        lambda u, c, x: (np.vander(x, len(c)).T @ u, u * np.polyval(np.polyder(c), x)),
        normal(5),
        normal(7),
    ),
    R(
        "toeplitz product",
        lambda c, x: sl.toeplitz(c) @ x,
        lambda u, c, x: toeplitz_pull(u, c, x),
        normal(5),
        normal(5),
    ),
    R("commutator", lambda a, b: a @ b - b @ a, lambda u, a, b: (u @ b.T - b.T @ u, a.T @ u - u @ a.T), A, A),
)
