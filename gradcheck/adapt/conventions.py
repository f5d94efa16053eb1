"""How people write layers: the names of methods and arguments, where parameters stand and where their gradients."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import InputError

__all__ = ["Path", "gradient_of", "is_cotangent", "method_of", "parameters_in", "read", "required", "roles_of", "write"]

Path = tuple[tuple[str, Any], ...]  # steps from the object: (".", attribute) or ("[", key)

FORWARDS = ("forward", "__call__", "fprop", "forward_pass", "feed_forward", "forward_propagation", "forward_prop")
BACKWARDS = ("backward", "backprop", "bprop", "backward_pass", "backward_propagation", "backward_prop", "backpropagate")
DERIVATIVES = ("grad", "gradient", "derivative", "deriv", "prime", "backward")

_CACHES = {"cache", "caches", "ctx", "context", "saved", "memory", "tape", "state", "memo"}
_RATES = {"lr", "learningrate", "eta", "alpha", "rate", "stepsize"}
_INPUTS = {"x", "input", "inputs", "inp", "aprev", "xin"}
_OUTPUTS = {"y", "out", "output", "outputs", "yhat", "ypred", "a", "z", "result"}
_COTANGENTS = {
    "dy", "dout", "dz", "da", "dh", "d", "g", "u", "gy", "grad", "gradient", "gradoutput", "gradout", "outputgradient",
    "outputgrad", "dvalues", "accumgrad", "upstream", "upstreamgrad", "delta", "error", "outputerror", "cotangent",
    "dldy", "dloutput", "topdiff", "nextgrad", "dupstream", "doutput", "doutputs", "gradoutputs", "dnext", "dl",
}  # fmt: skip
_KEPT = ("grads", "gradients", "grad", "dparams", "d_params", "_grads", "param_grads", "derivatives")
_SEQUENCES = ("params", "parameters", "weights", "_params", "trainable_params", "variables")


def method_of(thing: Any, given: str | None, known: Sequence[str], what: str) -> str:
    """Return the name of a method: the one that was given, or the first of those known."""
    if given is not None:
        if not callable(getattr(thing, given, None)):
            raise InputError(f"Expected {type(thing).__name__} to have a method {given!r} but it has none")
        return given
    found = next((n for n in known if callable(getattr(thing, n, None))), None)
    if found is None:
        raise InputError(
            f"Expected {type(thing).__name__} to have a {what} under a usual name ({', '.join(known[:4])}, ...) but it "
            f'has none; name it: {what}="..."'
        )
    return found


def required(function: Any) -> list[str]:
    """Return the names of the positional arguments that a method cannot do without."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]


def is_cotangent(argument: str) -> bool:
    """Whether an argument is called as gradients of outputs are."""
    return _plain(argument) in _COTANGENTS or _plain(argument).startswith(("grad", "dout", "dl"))


def roles_of(owner: str, arguments: Sequence[str], inputs: Sequence[str], cached: bool) -> tuple[str, ...]:
    """Return what each argument of a backward is: "dy", "cache", "y", "rate", or "x:name" for an input.

    Args:
        owner: what is adapted, for messages.
        arguments: names of the backward's required arguments.
        inputs: names of the forward's inputs.
        cached: the forward returns (y, cache).
    Raises:
        InputError: it cannot be told; the sentence says what to name.
    """
    own = {_plain(name): name for name in inputs}
    roles: list[str] = []
    for name in arguments:
        plain = _plain(name)
        if plain in _CACHES:
            roles.append("cache" if cached else "?")
        elif plain in _RATES:
            roles.append("rate")
        elif plain in own:
            roles.append(f"x:{own[plain]}")
        elif is_cotangent(name):
            roles.append("dy")
        elif plain in _INPUTS and len(inputs) == 1:
            roles.append(f"x:{inputs[0]}")
        elif plain in _OUTPUTS:
            roles.append("cache" if cached and "cache" not in roles else "y")
        else:
            roles.append("?")
    unknown = [i for i, role in enumerate(roles) if role == "?"]
    if cached and "cache" not in roles and len(unknown) == 1 and "dy" in roles:
        roles[unknown[0]] = "cache"
    elif "dy" not in roles and len(unknown) == 1:
        roles[unknown[0]] = "dy"
    if "?" in roles or roles.count("dy") != 1:
        told = ", ".join(arguments) or "nothing"
        raise InputError(
            f"Cannot tell what {owner}({told}) takes: expected one cotangent (dy, dout, grad_output, ...) and else the "
            "inputs by their names, the output or the cache; name them in order, e.g. "
            'takes=("cache", "dy") with "x", "y", "cache", "dy"'
        )
    return tuple(roles)


def parameters_in(thing: Any, names: Sequence[str] | None) -> dict[str, Path]:
    """Return where an object keeps floating-point arrays that may be parameters.

    Attributes; entries of a dictionary; of a list called params, weights, ...; and `data` or `value` of attributes
    that keep their gradient beside it.
    """
    found = dict(_candidates(thing))
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


def _candidates(thing: Any) -> Iterator[tuple[str, Path]]:
    attributes = dict(getattr(thing, "__dict__", {}))
    for cls in type(thing).__mro__:
        slots = getattr(cls, "__slots__", ())
        for key in (slots,) if isinstance(slots, str) else slots:
            if hasattr(thing, key):
                attributes.setdefault(key, getattr(thing, key))
    for key, value in attributes.items():
        here: Path = ((".", key),)
        if _floats(value):
            yield key, here
        elif isinstance(value, Mapping):
            if key not in _KEPT:
                yield from ((str(k), (*here, ("[", k))) for k, v in value.items() if _floats(v))
        elif isinstance(value, list) and key in _SEQUENCES:
            yield from ((f"{key}.{i}", (*here, ("[", i))) for i, v in enumerate(value) if _floats(v))
        else:
            for inner in ("data", "value", "val", "array"):
                if _floats(getattr(value, inner, None)) and any(hasattr(value, g) for g in ("grad", "gradient", "g")):
                    yield key, (*here, (".", inner))
                    break


def gradient_of(thing: Any, name: str, path: Path, before: Mapping[str, Any]) -> Path | None:
    """Return where the gradient of a parameter stands after a backward, or None.

    Args:
        thing: the object after its backward.
        name: of the parameter.
        path: where the parameter stands.
        before: the object's attributes before any call, to tell gradients from what was there.
    """
    holder, (_, last) = path[:-1], path[-1]
    if path[-1][0] == "." and len(path) == 2:  # a parameter object
        for key in ("grad", "gradient", "g"):
            if isinstance(_at(thing, (*holder, (".", key))), np.ndarray):
                return (*holder, (".", key))
    spelled = _spellings(str(last))
    for key in spelled:
        if key != name and isinstance(_at(thing, ((".", key),)), (np.ndarray, np.floating, float)):
            return ((".", key),)
    for store in _KEPT:
        kept = _at(thing, ((".", store),))
        if isinstance(kept, Mapping):
            for key in (last, *spelled):
                if isinstance(kept.get(key), (np.ndarray, np.floating, float)):
                    return ((".", store), ("[", key))
        elif isinstance(kept, (list, tuple)) and isinstance(last, int) and last < len(kept):
            return ((".", store), ("[", last))
    return None


def _spellings(name: str) -> tuple[str, ...]:
    bare = name.lstrip("_")
    stems = dict.fromkeys((name, bare))
    forms = ("d{}", "d_{}", "grad_{}", "{}_grad", "grad{}", "{}grad", "g{}", "gradient_{}", "{}_gradient", "dL_d{}",
             "dLd{}", "dL{}", "delta_{}", "nabla_{}", "_d{}", "_grad_{}", "_{}_grad", "{}_d", "del_{}")  # fmt: skip
    return tuple(form.format(stem) for stem in stems for form in forms)


def input_gradient_of(thing: Any, name: str, *, only: bool) -> Path | None:
    """Return where the gradient of an input stands, where backward does not return it (dinputs, grad_input, ...)."""
    general = ("x", "X", "inputs", "input", "in") if only else ()
    for stem in dict.fromkeys((name, *general)):
        for key in _spellings(stem):
            if isinstance(_at(thing, ((".", key),)), np.ndarray):
                return ((".", key),)
    return None


def _floats(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc" and value.size > 0


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _at(thing: Any, path: Path) -> Any:
    try:
        return read(thing, path)
    except (AttributeError, KeyError, IndexError, TypeError):
        return None


def read(thing: Any, path: Path) -> Any:
    """Return what stands at a path."""
    for kind, key in path:
        thing = getattr(thing, key) if kind == "." else thing[key]
    return thing


def write(thing: Any, path: Path, value: Any) -> None:
    """Put a value at a path."""
    holder, (kind, key) = read(thing, path[:-1]), path[-1]
    if kind == ".":
        setattr(holder, key, value)
    else:
        holder[key] = value
