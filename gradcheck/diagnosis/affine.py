"""A layer y = act(x W + b) in one piece: what its backward takes for the slope of its activation.

With W set to zero every row of the output is act(b), so that the activation can be asked for any argument although
nobody handed it over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.formulas import FORMS, rate_of
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.point import Array

__all__ = ["slopes"]

_MOST_ROWS = 24  # an evaluation a row and step


@dataclass(frozen=True, slots=True)
class _Layer:
    """Names of the inputs, and z = x W + b at an anatomy's point."""

    x: str
    W: str
    b: str
    z: Array  # (..., n_out)
    plain: Array  # (..., n_out), x W


def slopes(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed is the pullback with a wrong slope of the activation: of its output, left out, applied twice."""
    layers = [_found(a) for a in case]
    if any(each is None for each in layers) or any(a.rows.size < a.y.size for a in case):
        return
    found: list[tuple[Array, Array]] = []  # (claimed slopes, the Jacobian of z) of each anatomy
    known: list[dict[str, Array]] = []
    for a, layer in zip(case, layers, strict=True):
        if layer is None or not np.allclose(_act(subject, a, layer, layer.z), a.y, rtol=1e-9, atol=1e-12):
            return
        inner = _inner(a, layer)
        size = np.sum(inner**2, axis=1)
        if np.any(size == 0):
            return
        taken = np.sum(a.claimed * inner, axis=1) / size
        if np.linalg.norm(a.claimed - taken[:, None] * inner) > 1e-6 * np.linalg.norm(a.claimed):
            return
        found.append((taken, inner))
        own = _slope(subject, a, layer, layer.z)
        if np.linalg.norm(own[:, None] * inner - a.measured) > 1e-5 * np.linalg.norm(a.measured):
            return
        known.append(
            {
                "wrong_argument:is taken at the output y where the pre-activation z = x W + b belongs": _slope(
                    subject, a, layer, a.y.reshape(layer.z.shape)
                ),
                "missing_factor:is left out": np.ones_like(own),
                "extra_factor:is applied twice": own * own,
                "wrong_argument:is taken at x W, without the bias": _slope(subject, a, layer, layer.plain),
            }
        )
    for words in known[0]:
        slug, _, told = words.partition(":")
        for rate in (1.0, _common([taken for taken, _ in found], [k[words] for k in known])):
            if rate is None:
                continue
            pairs = [
                (a.claimed, rate * k[words][:, None] * inner)
                for a, k, (_, inner) in zip(case, known, found, strict=True)
            ]
            fits = residual(case, pairs)
            if fits is not None:
                times = "" if rate == 1 else f", and the whole is multiplied by {rate:.6g}"
                yield Guess(slug, f"the derivative of the activation {told}{times}", fits, 0.62)
                return
    yield from _another_function(case, [layer.z.ravel() for layer in layers if layer is not None], found)


def _another_function(case: Case, z: list[Array], found: list[tuple[Array, Array]]) -> Iterator[Guess]:
    """The slope that is claimed is a simple function of the pre-activation or of the output, and no derivative."""
    for told, arrays in (("z", z), ("y", [a.y for a in case])):
        for form, words in FORMS:
            with np.errstate(all="ignore"):
                shaped = [form(each) for each in arrays]
            if not all(np.all(np.isfinite(s)) and np.ptp(s) > 1e-3 * np.max(np.abs(s)) for s in shaped):
                continue
            rate = rate_of([taken for taken, _ in found], shaped)
            if rate is None:
                continue
            fits = residual(
                case, [(a.claimed, rate * s[:, None] * J) for a, s, (_, J) in zip(case, shaped, found, strict=True)]
            )
            if fits is not None:
                amount = "" if abs(rate - 1) < 1e-6 else f"{rate:.6g} × "
                text = f"the derivative of the activation is taken for {amount}{words.format(told)}, z = x W + b"
                yield Guess("wrong_function", text, fits, 0.66)
                return


def _found(a: Anatomy) -> _Layer | None:
    """Return the parts of the layer by their usual names and shapes."""
    values = {n: v for n, v in zip(a.names, a.values, strict=True) if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    if not {"W", "b"} <= values.keys() or a.name not in values or a.output is None or len(values) != 3:
        return None
    [x] = values.keys() - {"W", "b"}
    W, b = values["W"], values["b"]
    if W.ndim != 2 or values[x].ndim < 2 or values[x].shape[-1] != W.shape[0] or b.size != W.shape[1]:
        return None
    plain = np.asarray(values[x] @ W, dtype=float)
    if plain.shape != a.output or plain.size > _MOST_ROWS * W.shape[1]:
        return None
    return _Layer(x, "W", "b", plain + b.reshape(-1), plain)


def _act(subject: Subject, a: Anatomy, layer: _Layer, z: Array) -> Array:
    """(n,) the activation at z (..., n_out): row by row as a bias, with a weight of zero."""
    width = z.shape[-1]
    out = np.full(z.shape, np.nan).reshape(-1, width)
    for row, arguments in enumerate(z.reshape(-1, width)):
        values = list(a.values)
        values[a.names.index(layer.W)] = np.zeros(np.shape(values[a.names.index(layer.W)]))
        values[a.names.index(layer.b)] = arguments.reshape(np.shape(values[a.names.index(layer.b)]))
        y = subject.evaluate(values)
        if y is not None and y.size == z.size:
            out[row] = y.reshape(-1, width)[row]
    return out.ravel()


def _slope(subject: Subject, a: Anatomy, layer: _Layer, z: Array) -> Array:
    """(n,) its derivative at z, by central differences of two steps extrapolated."""
    h = 1e-3
    coarse, fine = ((_act(subject, a, layer, z + s) - _act(subject, a, layer, z - s)) / (2 * s) for s in (2 * h, h))
    return np.asarray((4 * fine - coarse) / 3)


def _inner(a: Anatomy, layer: _Layer) -> Array:
    """(n, c) derivatives of z by the measured entries of the block."""
    values = dict(zip(a.names, a.values, strict=True))
    W, x = np.asarray(values[layer.W]), np.asarray(values[layer.x])
    rows, width = layer.z.size // W.shape[1], W.shape[1]
    if a.name == layer.b:
        full = np.tile(np.eye(width), (rows, 1))
    elif a.name == layer.W:
        full = np.einsum("ri,ko->rkio", x.reshape(rows, -1), np.eye(width)).reshape(layer.z.size, -1)
    else:
        full = np.einsum("rs,ik->rksi", np.eye(rows), W).reshape(layer.z.size, -1)
    return np.asarray(full[:, a.columns])


def _common(claimed: list[Array], due: list[Array]) -> float | None:
    """Return the constant between what is claimed and what a hypothesis says, as a convention of the layer's own."""
    bottom = sum(float(d @ d) for d in due)
    return (
        sum(float(c @ d) for c, d in zip(claimed, due, strict=True)) / bottom
        if np.isfinite(bottom) and bottom
        else None
    )
