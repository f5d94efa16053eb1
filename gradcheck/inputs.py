"""Inputs by description, "8x16:float32,positive": where a check is wanted and no numbers are at hand."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from gradcheck.errors import InputError
from gradcheck.point import Array

__all__ = ["CONSTRAINTS", "MARK", "Described", "at", "draw", "drawn", "parse"]

MARK = "__gradcheck_inputs__"
_Thing = TypeVar("_Thing")

CONSTRAINTS = {
    "positive": "greater than 0, from 0.3 to 3",
    "negative": "less than 0",
    "unit": "in (0, 1), away from both ends; also written 0..1",
    "open": "in (-1, 1), away from both ends",
    "nonzero": "at least 0.3 away from zero, of either sign",
    "sorted": "ascending along the last axis",
    "distinct": "no two entries closer than a tenth: no ties for a maximum",
    "simplex": "positive, summing to 1 along the last axis",
    "onehot": "one 1 a row, the rest 0",
    "spd": "symmetric positive definite in the last two axes",
    "orthogonal": "orthonormal columns in the last two axes",
    "<n": "integers from 0 below n",
}
_SHAPE = re.compile(r"\d+(x\d+)*|scalar|\(\)")
_DTYPES = ("float64", "float32", "float16", "complex128", "complex64", "int64", "int32", "bool")


@dataclass(frozen=True)
class Described:
    """An input that is to be drawn, or a literal.

    Args:
        name: of the argument.
        shape: of the array; () for a number.
        dtype: numpy's name of it.
        constraint: a key of `CONSTRAINTS`, "<n", or "".
        literal: a number, word or tuple given as it is; None where it is drawn.
    """

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    constraint: str = ""
    literal: Any = None


def parse(text: str) -> Described:
    """Return what "x=8x16:float32,positive" describes.

    Args:
        text: NAME=SHAPE[:WORD[,WORD]...], a word being a dtype or a constraint; or NAME==LITERAL.
    Raises:
        InputError: it cannot be read; the message says what can.

    Example:
        >>> parse("w=16x4:float32")
        Described(name='w', shape=(16, 4), dtype='float32', constraint='', literal=None)
        >>> parse("axis==-1").literal
        -1
    """
    name, equals, rest = text.partition("=")
    if not equals or not name.isidentifier():
        raise InputError(f"Expected an input as NAME=SHAPE, e.g. x=8x16 or w=16x4:float32,positive, but got {text!r}")
    if rest.startswith("="):
        return Described(name, literal=_literal(rest[1:]))
    shape, _, words = rest.partition(":")
    if not _SHAPE.fullmatch(shape):
        raise InputError(
            f"Expected the shape of {name} as 8x16, 3 or scalar but got {shape!r} in {text!r}; "
            f"a value is {name}=={shape}"
        )
    dtype, constraint = "", ""
    for word in filter(None, words.split(",")):
        word = {"0..1": "unit", "-1..1": "open"}.get(word, word)
        if word in _DTYPES:
            dtype = word
        elif word in CONSTRAINTS or re.fullmatch(r"<\d+", word):
            constraint = word
        else:
            raise InputError(
                f"Expected a dtype ({', '.join(_DTYPES)}) or a constraint ({', '.join(CONSTRAINTS)}) for {name} "
                f"but got {word!r}"
            )
    whole = constraint.startswith("<")
    sizes = () if shape in ("scalar", "()") else tuple(int(n) for n in shape.split("x"))
    return Described(name, sizes, dtype or ("int64" if whole else "float64"), constraint)


def _literal(text: str) -> Any:
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def draw(described: Described, seed: int = 0) -> Any:
    """Return an array (or the literal) for a description, the same for the same name and seed.

    Args:
        described: what `parse` returned.
        seed: of the generator.
    Raises:
        InputError: the constraint does not fit the shape.

    Example:
        >>> bool((draw(parse("x=3x5:positive")) > 0).all())
        True
    """
    if described.literal is not None:
        return described.literal
    rng = np.random.default_rng([seed, zlib.crc32(described.name.encode())])
    shape, constraint, dtype = described.shape, described.constraint, np.dtype(described.dtype)
    if constraint in ("spd", "orthogonal") and (len(shape) < 2 or (constraint == "spd" and shape[-1] != shape[-2])):
        raise InputError(f"Expected the last two axes of {described.name} to fit {constraint} but got shape {shape}")
    if constraint in ("sorted", "distinct", "simplex", "onehot") and not shape:
        raise InputError(f"Expected {described.name} to have an axis for {constraint} but it is a scalar")
    if constraint.startswith("<"):
        return rng.integers(int(constraint[1:]), size=shape).astype(dtype if dtype.kind in "iu" else np.int64)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        return rng.integers(10, size=shape).astype(dtype)
    values: Array = np.asarray(_DRAWN[constraint](rng, shape))
    if dtype.kind == "c" and not constraint:
        values = values + 1j * rng.normal(size=shape)
    return values.astype(dtype)


def _distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    size = int(np.prod(shape))
    return np.asarray((rng.permutation(size) - size / 2 + rng.uniform(0.2, 0.8, size)).reshape(shape) / 5)


def _definite(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    a = rng.normal(size=shape)
    return np.asarray(a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1]))


def _simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    a = rng.uniform(0.3, 3.0, shape)
    return np.asarray(a / a.sum(-1, keepdims=True))


_DRAWN: Mapping[str, Callable[[np.random.Generator, tuple[int, ...]], Any]] = {
    "": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.3, 3.0, shape),
    "negative": lambda rng, shape: -rng.uniform(0.3, 3.0, shape),
    "unit": lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    "open": lambda rng, shape: rng.uniform(-0.9, 0.9, shape),
    "nonzero": lambda rng, shape: rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 3.0, shape),
    "sorted": lambda rng, shape: np.sort(_distinct(rng, shape), axis=-1),
    "distinct": _distinct,
    "simplex": _simplex,
    "onehot": lambda rng, shape: np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])],
    "spd": _definite,
    "orthogonal": lambda rng, shape: np.linalg.qr(rng.normal(size=shape))[0],
}


def at(**inputs: Any) -> Callable[[_Thing], _Thing]:
    """Say at which inputs a function, class or object of a module is to be checked.

    Args:
        inputs: by argument name: a description ("8x16:float32,positive"), or an array or constant as it is.
    Returns:
        A decorator that leaves the thing as it is, with a mark that `python -m gradcheck module` finds.

    Example:
        >>> @at(x="3x5:positive")
        ... def logarithm(x):
        ...     return np.log(x), lambda dy: dy / x
        >>> getattr(logarithm, MARK)["x"].shape
        (3, 5)
    """
    described = {n: parse(f"{n}={v}") if isinstance(v, str) else v for n, v in inputs.items()}

    def mark(thing: _Thing) -> _Thing:
        setattr(thing, MARK, described)
        return thing

    return mark


def drawn(described: Mapping[str, Any], seed: int = 0) -> dict[str, Any]:
    """Return the inputs of a mark or of a command line, descriptions drawn."""
    return {n: draw(v, seed) if isinstance(v, Described) else v for n, v in described.items()}
