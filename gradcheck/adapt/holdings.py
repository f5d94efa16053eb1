"""Where an object keeps its parameters and, after a backward, their gradients, however deep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.errors import InputError

__all__ = ["Path", "gradient_of", "input_gradient_of", "parameters_in", "read", "spellings", "write"]

Path = tuple[tuple[str, Any], ...]  # steps from the object: (".", attribute) or ("[", key)

_STORES = ("grads", "gradients", "grad", "dparams", "d_params", "_grads", "param_grads", "derivatives")
_VALUES, _GRADS = ("data", "value", "val", "array"), ("grad", "gradient", "g")  # of parameter objects
_DEPTH = 12  # steps from the object; network.layers[0].params["W"] takes four


def parameters_in(thing: Any, names: Sequence[str] | None) -> dict[str, Path]:
    """Return where an object keeps floating-point arrays that may be parameters.

    Attributes, entries of dictionaries and lists, `data` or `value` of attributes that keep their gradient beside it,
    and the same of objects that it holds: "fc1.W", "layers.0.b". A dictionary's entries go by their keys alone.

    Raises:
        InputError: a name is not among them.
    """
    found: dict[str, Path] = {}
    for short, long, path in _arrays(thing):
        found.setdefault(short if short not in found else long, path)
    if names is None:
        return found
    missing = [n for n in names if n not in found]
    if missing:
        have = ", ".join(found) or "none"
        raise InputError(
            f"Expected {type(thing).__name__} to keep a parameter {missing[0]!r} in an attribute or dictionary; "
            f"floating-point arrays found: {have}"
        )
    return {n: found[n] for n in names}


def _arrays(thing: Any) -> Iterator[tuple[str, str, Path]]:
    """Yield (short name, full name, path) of every array, one that is held twice once."""
    seen: set[int] = set()
    queue: list[tuple[str, str, Path, Any]] = [("", "", (), thing)]
    while queue:
        short, long, path, value = queue.pop(0)
        if id(value) in seen:
            continue
        if _floats(value):
            seen.add(id(value))
            yield short, long, path
            continue
        inner = list(_inside(value)) if len(path) < _DEPTH else []
        if inner:
            seen.add(id(value))
        here: list[tuple[str, str, Path, Any]] = []
        for step, item in inner:
            kind, key = step
            if path and kind == "." and key in _VALUES and any(hasattr(value, g) for g in _GRADS):
                here.append((short, long, (*path, step), item))  # a parameter object goes by its own name
            elif key not in (*_STORES, *_GRADS):
                full = f"{long}.{key}" if long else str(key)
                top = isinstance(value, Mapping) and len(path) == 1
                here.append((str(key) if top else f"{short}.{key}" if short else str(key), full, (*path, step), item))
        queue[:0] = here


def _inside(value: Any) -> Iterator[tuple[tuple[str, Any], Any]]:
    """Yield (step, what stands there) of a container or an object that may hold arrays."""
    if isinstance(value, Mapping):
        yield from ((("[", k), v) for k, v in value.items() if isinstance(k, (str, int)))
    elif isinstance(value, (list, tuple)):
        yield from ((("[", i), v) for i, v in enumerate(value))
    elif not isinstance(value, (type, ModuleType, np.ndarray, np.generic, np.random.Generator)):
        for key, item in dict(getattr(value, "__dict__", {})).items():
            yield (".", key), item
        for cls in type(value).__mro__:
            slots = getattr(cls, "__slots__", ())
            for key in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, key) and key not in getattr(value, "__dict__", {}):
                    yield (".", key), getattr(value, key)


def gradient_of(thing: Any, path: Path, number: int = 0) -> Path | None:
    """Return where the gradient of a parameter stands after a backward, or None.

    Looked for from the parameter outwards: beside it under the spellings of its name (dW beside W, dweights[0] beside
    weights[0]), then in the stores of whatever holds it (grads["W"], grads["dW"], grads[0] beside params[0]).

    Args:
        thing: the object after its backward.
        path: where the parameter stands.
        number: of the parameter among those of the same container, for a store that lists them flat.
    """
    for k in reversed(range(len(path))):
        holder, (kind, key), tail = path[:k], path[k], path[k + 1 :]
        if key in _VALUES and k and not tail:
            yes = _first(thing, ((*holder, (".", g)) for g in _GRADS))
        else:
            yes = _first(thing, ((*holder, (kind, s), *tail) for s in spellings(str(key)) if s != key))
        if yes is None and kind == ".":
            yes = _first(thing, _stored(holder, key, tail, number))
        if yes is not None:
            return yes
    return None


def _stored(holder: Path, key: str, tail: Path, number: int) -> Iterator[Path]:
    """Yield the places in the stores of a holder where the gradient of holder.key[tail] may stand."""
    indices = all(kind == "[" for kind, _ in tail)
    for store in _STORES:
        base: Path = (*holder, (".", store))
        for name in (key, *spellings(key)):
            yield (*base, ("[", name), *tail)
        if tail and indices:
            yield (*base, *tail)
            for name in spellings(str(tail[-1][1])):
                yield (*base, *tail[:-1], ("[", name))
            yield (*base, ("[", number))


def input_gradient_of(thing: Any, name: str, *, only: bool) -> Path | None:
    """Return where the gradient of an input stands, where backward does not return it (dinputs, grad_input, ...)."""
    general = ("x", "X", "inputs", "input", "in") if only else ()
    stems = dict.fromkeys((name, *general))
    return _first(thing, (((".", key),) for stem in stems for key in spellings(stem)))


def spellings(name: str) -> tuple[str, ...]:
    """Return how the gradient of something may be called."""
    bare = name.lstrip("_")
    stems = dict.fromkeys((name, bare))
    forms = ("d{}", "d_{}", "grad_{}", "{}_grad", "grad{}", "{}grad", "g{}", "gradient_{}", "{}_gradient", "dL_d{}",
             "dLd{}", "dL{}", "delta_{}", "nabla_{}", "_d{}", "_grad_{}", "_{}_grad", "{}_d", "del_{}", "{}_grads",
             "grads_{}")  # fmt: skip
    return tuple(form.format(stem) for stem in stems for form in forms)


def _first(thing: Any, places: Iterator[Path]) -> Path | None:
    return next((p for p in places if isinstance(_at(thing, p), (np.ndarray, np.floating, float))), None)


def _floats(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.size > 0


def _at(thing: Any, path: Path) -> Any:
    try:
        return read(thing, path)
    except (AttributeError, KeyError, IndexError, TypeError):
        return None


def read(thing: Any, path: Path) -> Any:
    """Return what stands at a path."""
    for kind, key in path:
        if kind == "[" and isinstance(thing, np.ndarray):
            raise TypeError("a row of an array is not one of several arrays")
        thing = getattr(thing, key) if kind == "." else thing[key]
    return thing


def write(thing: Any, path: Path, value: Any) -> None:
    """Put a value at a path: into the array that stands there, so that whoever holds the same array sees it."""
    old = read(thing, path)
    if isinstance(old, np.ndarray) and old.flags.writeable and (old.shape, old.dtype) == (value.shape, value.dtype):
        old[...] = value
        return
    holder, (kind, key) = read(thing, path[:-1]), path[-1]
    if kind == ".":
        setattr(holder, key, value)
    elif isinstance(holder, tuple):
        raise InputError(f"Expected arrays that can be written to but {key!r} stands read-only in a tuple")
    else:
        holder[key] = value
