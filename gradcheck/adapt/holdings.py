"""Where an object keeps its parameters and, after a backward, their gradients, however deep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.errors import InputError

__all__ = [
    "Path",
    "gradient_of",
    "in_store",
    "input_gradient_of",
    "is_number",
    "parameters_in",
    "read",
    "spellings",
    "standing",
    "write",
]

Path = tuple[tuple[str, Any], ...]  # steps from the object: (".", attribute) or ("[", key)

_STORES = ("grads", "gradients", "grad", "dparams", "d_params", "_grads", "param_grads", "derivatives")
_VALUES, _GRADS = ("data", "value", "val", "array"), ("grad", "gradient", "g")  # of parameter objects
_MOST = 100  # entries of a dictionary whose numbers may be parameters; a vocabulary's are none
_DEPTH = 12  # steps from the object; network.layers[0].params["W"] takes four


def parameters_in(thing: Any, names: Sequence[str] | None) -> dict[str, Path]:
    """Return where an object keeps floating-point arrays, and numbers, that may be parameters.

    Attributes, entries of dictionaries and lists, `data` or `value` of attributes that keep their gradient beside it,
    and the same of objects that it holds: "fc1.W", "layers.0.b". A dictionary's entries go by their keys alone; what
    stands in a store of gradients, and numbers, leave the short names to others.

    Raises:
        InputError: a name is not among them.
    """
    walked = list(_arrays(thing))
    paths: dict[str, Path] = {}

    def rank(entry: tuple[str, str, Path]) -> tuple[bool, bool, bool]:
        path = entry[2]
        return in_store(path[:-1]), in_store(path), is_number(read(thing, path))

    for short, long, path in sorted(walked, key=rank):
        paths.setdefault(short if short not in paths else long, path)
    own = {path: name for name, path in paths.items()}
    found = {own[path]: path for _, _, path in walked if path in own}  # in the order in which they are kept
    if names is None:
        return found
    missing = [n for n in names if n not in found]
    if missing:
        have = ", ".join(n for n, p in found.items() if not is_number(read(thing, p)) and not in_store(p)) or "none"
        raise InputError(
            f"Expected {type(thing).__name__} to keep a parameter {missing[0]!r} in an attribute or dictionary; "
            f"floating-point arrays found: {have}"
        )
    return {n: found[n] for n in names}


def in_store(path: Path) -> bool:
    """Whether a place is called as stores of gradients are; a gain g and a gate's layer g are, too."""
    return any(key in (*_STORES, *_GRADS) for _, key in path)


def is_number(value: Any) -> bool:
    """Whether a value is a plain number, of Python or numpy, that may be a parameter: b = 0.0."""
    return type(value) in (int, float) or isinstance(value, np.floating)


def _arrays(thing: Any) -> Iterator[tuple[str, str, Path]]:
    """Yield (short name, full name, path) of every array, one that is held twice once, and of every named number."""
    seen: set[int] = set()
    queue: list[tuple[str, str, Path, Any]] = [("", "", (), thing)]
    while queue:
        short, long, path, value = queue.pop(0)
        if is_number(value) and path and isinstance(path[-1][1], str):
            yield short, long, path
            continue
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
            else:
                full = f"{long}.{key}" if long else str(key)
                top = isinstance(value, Mapping) and len(path) == 1
                here.append((str(key) if top else f"{short}.{key}" if short else str(key), full, (*path, step), item))
        queue[:0] = here


def _inside(value: Any) -> Iterator[tuple[tuple[str, Any], Any]]:
    """Yield (step, what stands there) of a container or an object that may hold arrays."""
    if isinstance(value, Mapping):
        few = len(value) <= _MOST
        yield from ((("[", k), v) for k, v in value.items() if isinstance(k, (str, int)) and (few or not is_number(v)))
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


def gradient_of(thing: Any, path: Path, taken: Callable[[Path], bool], number: int | None = None) -> Path | None:
    """Return where the gradient of a parameter stands after a backward, or None.

    Looked for from the parameter outwards: under its own name in the stores of whatever holds it (grads["W"]), beside
    it under the spellings of its name (dW beside W, dweights[0] beside weights[0]), then under these, or by its place,
    in the stores (grads["dW"], grads[0] beside params[0]).

    Args:
        thing: the object after its backward.
        path: where the parameter stands.
        taken: whether what stands at a place is a parameter itself: W_d beside W is its gradient, or a projection down.
        number: of the parameter among those of the same container, for a store that lists them flat.
    """
    for k in reversed(range(len(path))):
        holder, (kind, key), tail = path[:k], path[k], path[k + 1 :]
        if key in _VALUES and k and not tail:
            places = [(*holder, (".", g)) for g in _GRADS]
        else:
            places = [(*holder, (kind, s), *tail) for s in spellings(str(key)) if s != key]
        if kind == ".":
            own, spelt = _stored(holder, key, tail, number)
            places = [*own, *places, *spelt]
        yes = _first(thing, places, taken)
        if yes is not None:
            return yes
    return None


def _stored(holder: Path, key: str, tail: Path, number: int | None) -> tuple[list[Path], list[Path]]:
    """Return the places in the stores of a holder where the gradient of holder.key[tail] may stand.

    Those under its own name, and those under spellings of it or by its place in a list.
    """
    own: list[Path] = []
    spelt: list[Path] = []
    indices = all(kind == "[" for kind, _ in tail)
    for store in _STORES:
        base: Path = (*holder, (".", store))
        own.append((*base, ("[", key), *tail))
        spelt += [(*base, ("[", name), *tail) for name in spellings(key)]
        if tail and indices:
            (own if isinstance(tail[0][1], str) else spelt).append((*base, *tail))
            spelt += [(*base, *tail[:-1], ("[", name)) for name in spellings(str(tail[-1][1]))]
            if number is not None:
                spelt.append((*base, ("[", number)))
    return own, spelt


def input_gradient_of(thing: Any, name: str, taken: Callable[[Path], bool], *, only: bool) -> Path | None:
    """Return where the gradient of an input stands, where backward does not return it (dinputs, grad_input, ...)."""
    general = ("x", "X", "inputs", "input", "in") if only else ()
    stems = dict.fromkeys((name, *general))
    return _first(thing, [((".", key),) for stem in stems for key in spellings(stem)], taken)


def spellings(name: str) -> tuple[str, ...]:
    """Return how the gradient of something may be called."""
    bare = name.lstrip("_")
    stems = dict.fromkeys((name, bare))
    forms = ("d{}", "d_{}", "grad_{}", "{}_grad", "grad{}", "{}grad", "g{}", "gradient_{}", "{}_gradient", "dL_d{}",
             "dLd{}", "dL{}", "delta_{}", "nabla_{}", "_d{}", "_grad_{}", "_{}_grad", "{}_d", "del_{}", "{}_grads",
             "grads_{}")  # fmt: skip
    return tuple(form.format(stem) for stem in stems for form in forms)


def _first(thing: Any, places: Sequence[Path], taken: Callable[[Path], bool]) -> Path | None:
    kinds = (np.ndarray, np.floating, float)
    return next((p for p in places if isinstance(standing(thing, p), kinds) and not taken(p)), None)


def _floats(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.size > 0


def standing(thing: Any, path: Path) -> Any:
    """Return what stands at a path, or None."""
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
    if is_number(old):  # Python's own has no dtype of its own, and meets float32 without widening it
        value = value[()] if isinstance(old, np.floating) else value.item()
    holder, (kind, key) = read(thing, path[:-1]), path[-1]
    if kind == ".":
        setattr(holder, key, value)
    elif isinstance(holder, tuple):
        raise InputError(f"Expected arrays that can be written to but {key!r} stands read-only in a tuple")
    else:
        holder[key] = value
