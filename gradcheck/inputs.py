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
from gradcheck.tree import leaves, rebuild

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
    "distinct": "any two entries at least a tenth apart: no ties for a maximum",
    "simplex": "positive, summing to 1 along the last axis",
    "onehot": "one 1 a row, the rest 0",
    "spd": "symmetric positive definite in the last two axes",
    "orthogonal": "orthonormal columns in the last two axes",
    "<n": "integers from 0 below n",
}
_NAME = re.compile(r"[^\W\d]\w*(\.\w+)*")
_SHAPE = re.compile(r"[1-9]\d*(x[1-9]\d*)*|scalar|\(\)")
_DTYPES = ("float64", "float32", "float16", "complex128", "complex64", "int64", "int32", "bool")


@dataclass(frozen=True)
class Described:
    """An input that is to be drawn, or a literal.

    Args:
        name: of the argument; "params.W" is the entry "W" of a dictionary, "layers.0" the first of a list.
        shape: of the array; () for a number.
        dtype: numpy's name of it.
        constraint: a key of `CONSTRAINTS`, "<n", or "".
        literal: a number, word or tuple given as it is, where `given`.
        given: whether it is the literal, and nothing is drawn.
    """

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    constraint: str = ""
    literal: Any = None
    given: bool = False


def parse(text: str) -> Described:
    """Return what "x=8x16:float32,positive" describes.

    Args:
        text: NAME=SHAPE[:WORD[,WORD]...], a word being a dtype or a constraint; or NAME==LITERAL.
    Raises:
        InputError: it cannot be read; the message says what can.

    Example:
        >>> told = parse("w=16x4:float32,positive")
        >>> told.name, told.shape, told.dtype, told.constraint
        ('w', (16, 4), 'float32', 'positive')
        >>> parse("axis==-1").literal
        -1
    """
    name, equals, rest = text.partition("=")
    if not equals or not _NAME.fullmatch(name):
        raise InputError(f"Expected an input as NAME=SHAPE, e.g. x=8x16 or w=16x4:float32,positive, but got {text!r}")
    if rest.startswith("="):
        return Described(name, literal=_literal(rest[1:]), given=True)
    shape, _, words = rest.partition(":")
    if not _SHAPE.fullmatch(shape):
        raise InputError(
            f"Expected the shape of {name} as 8x16, 3 or scalar, sizes from 1, but got {shape!r} in {text!r}; "
            f"a value is {name}=={shape}"
        )
    dtype, constraint = _words(name, words)
    sizes = () if shape in ("scalar", "()") else tuple(int(n) for n in shape.split("x"))
    return _fitting(Described(name, sizes, dtype or ("int64" if constraint[:1] == "<" else "float64"), constraint))


def _words(name: str, words: str) -> tuple[str, str]:
    """Return (dtype, constraint) of the words of a description, each "" where there is none."""
    dtypes, constraints = [], []
    for word in filter(None, words.split(",")):
        word = {"0..1": "unit", "-1..1": "open"}.get(word, word)
        if word in _DTYPES:
            dtypes.append(word)
        elif (word in CONSTRAINTS and word != "<n") or re.fullmatch(r"<[1-9]\d*", word):
            constraints.append(word)
        else:
            raise InputError(
                f"Expected a dtype ({', '.join(_DTYPES)}) or a constraint ({', '.join(CONSTRAINTS)}) for {name} "
                f"but got {word!r}"
            )
    for kind, found in (("dtype", dtypes), ("constraint", constraints)):
        if len(found) > 1:
            raise InputError(f"Expected one {kind} for {name} but got {' and '.join(found)}")
    return dtypes[0] if dtypes else "", constraints[0] if constraints else ""


def _fitting(described: Described) -> Described:
    """Refuse a constraint that the shape or the dtype cannot have."""
    name, shape, constraint, kind = (
        described.name,
        described.shape,
        described.constraint,
        np.dtype(described.dtype).kind,
    )
    if constraint in ("spd", "orthogonal"):
        if len(shape) < 2 or (shape[-1] != shape[-2] if constraint == "spd" else shape[-1] > shape[-2]):
            due = "be square" if constraint == "spd" else "have no more columns than rows"
            raise InputError(f"Expected the last two axes of {name} to {due} for {constraint} but got shape {shape}")
    elif constraint in ("sorted", "distinct", "simplex", "onehot") and not shape:
        raise InputError(f"Expected {name} to have an axis for {constraint} but it is a scalar")
    if constraint and constraint != "onehot" and constraint[0] != "<" and kind != "f":
        raise InputError(f"Expected a real floating-point dtype of {name} for {constraint} but got {described.dtype}")
    return described


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

    Example:
        >>> bool((draw(parse("x=3x5:positive")) > 0).all())
        True
    """
    if described.given:
        return described.literal
    rng = np.random.default_rng([seed, zlib.crc32(described.name.encode())])
    shape, constraint, dtype = described.shape, described.constraint, np.dtype(described.dtype)
    if constraint.startswith("<"):
        return np.asarray(rng.integers(int(constraint[1:]), size=shape)).astype(dtype)
    if dtype.kind in "biu" and not constraint:
        return np.asarray(rng.integers(2 if dtype.kind == "b" else 10, size=shape)).astype(dtype)
    values: Array = np.asarray(_DRAWN[constraint](rng, shape))
    if dtype.kind == "c" and not constraint:
        values = values + 1j * rng.normal(size=shape)
    return values.astype(dtype)


def _distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    size = int(np.prod(shape))
    return np.asarray((rng.permutation(size) - size / 2 + rng.uniform(0.25, 0.75, size)).reshape(shape) / 5)


def _definite(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    a = rng.normal(size=shape)
    square = a @ np.swapaxes(a, -1, -2) / shape[-1]  # symmetric to rounding only, in some libraries
    return np.asarray((square + np.swapaxes(square, -1, -2)) / 2 + np.eye(shape[-1]))


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
        inputs: by argument name: a description ("8x16:float32,positive"), an array or constant as it is, or a
            dictionary or list of either. A string is a description; a word as it is has an equals sign, "=mean".
    Returns:
        A decorator that leaves the thing as it is, with a mark that `python -m gradcheck module` finds.
    Raises:
        InputError: a description cannot be read.

    Example:
        >>> @at(x="3x5:positive")
        ... def logarithm(x):
        ...     return np.log(x), lambda dy: dy / x
        >>> getattr(logarithm, MARK)["x"].shape
        (3, 5)
    """
    described = {name: _described(name, value) for name, value in inputs.items()}

    def mark(thing: _Thing) -> _Thing:
        setattr(thing, MARK, described)
        return thing

    return mark


def _described(name: str, value: Any) -> Any:
    """Return a nest with its strings parsed, each by its own name."""
    parsed = iter([parse(f"{n}={leaf}") if isinstance(leaf, str) else leaf for n, leaf in leaves(value, name)])
    return rebuild(value, lambda _: next(parsed))


def drawn(described: Mapping[str, Any], seed: int = 0) -> dict[str, Any]:
    """Return the inputs of a mark or of a command line, descriptions drawn, "params.W" in a dictionary "params".

    Raises:
        InputError: a name is an array and holds others at once.

    Example:
        >>> [w.shape for w in drawn({"w.0": parse("w.0=3"), "w.1": parse("w.1=2")})["w"]]
        [(3,), (2,)]
    """
    found: dict[str, Any] = {}
    for name, value in described.items():
        *path, last = name.split(".")
        holder = found
        for key in path:
            holder = holder.setdefault(key, {})
            if not isinstance(holder, dict):
                raise InputError(f"Expected {name.rpartition('.')[0]} to be an array or to hold {last} but not both")
        if isinstance(holder.get(last), dict):
            raise InputError(f"Expected {name} to be an array or to hold {', '.join(holder[last])} but not both")
        holder[last] = rebuild(value, lambda leaf: draw(leaf, seed) if isinstance(leaf, Described) else leaf)
    return {name: _listed(value) if "." in "".join(described) else value for name, value in found.items()}


def _listed(value: Any) -> Any:
    """Return a nest with the dictionaries whose keys are 0, 1, ... as lists."""
    if not isinstance(value, dict):
        return value
    if value and list(value) == [str(i) for i in range(len(value))]:
        return [_listed(item) for item in value.values()]
    return {key: _listed(item) for key, item in value.items()}
