"""Whatever a name leads to, with inputs at hand: which adapter it belongs to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.adapt.from_autograd import autograd
from gradcheck.adapt.from_jax import jax
from gradcheck.adapt.from_thinc import thinc
from gradcheck.adapt.from_torch import torch
from gradcheck.adapt.importing import loaded
from gradcheck.adapt.layer import layer
from gradcheck.adapt.objects import object as adapt_object
from gradcheck.adapt.vjp import closure, name_of
from gradcheck.errors import InputError
from gradcheck.target import Target

__all__ = ["GROUP", "recognise"]

GROUP = "gradcheck.adapters"  # entry points: name = "package.module:adapter", adapter.recognises(thing) -> bool


def recognise(thing: Any, inputs: Mapping[str, Any], *, name: str | None = None) -> list[Target]:
    """Return the targets of anything that claims a derivative, at named inputs.

    Tried in this order: adapters of other packages (entry points "gradcheck.adapters", each a callable like ours with
    an attribute `recognises(thing)`); torch functions and modules; JAX functions; thinc models; layers with
    init(rng); objects with forward and backward, or a call and grad; functions of torch, JAX or autograd by what
    their module imports; and functions x -> (y, pullback).

    Args:
        thing: class, object or function. A class that can be made without arguments is made.
        inputs: by the names of its arguments.
        name: of the targets; the thing's own by default.
    Raises:
        InputError: it belongs to none, or lacks inputs; the message says which it takes.
    """
    name = name or name_of(thing if inspect.isroutine(thing) or isinstance(thing, type) else type(thing))
    for entry in entry_points(group=GROUP):
        adapter = entry.load()
        if getattr(adapter, "recognises", lambda _: False)(thing):
            return _listed(adapter(thing, **inputs))
    library = loaded("torch")
    function = library is not None and isinstance(thing, type) and issubclass(thing, library.autograd.Function)
    if isinstance(thing, type) and not function:
        thing = _made(thing)
    if library is not None and (function or isinstance(thing, library.nn.Module)):
        signature = thing.forward
        taken = _arguments(signature)
        if function and thing.setup_context is library.autograd.Function.setup_context:
            taken = taken[1:]
        return _listed(torch(thing, *_given(taken, inputs, name, optional=_optional(signature)), name=name))
    if type(thing).__name__ in ("custom_vjp", "custom_jvp", "PjitFunction"):
        return _listed(jax(thing, *_given(_arguments(thing), inputs, name, optional=_optional(thing)), name=name))
    kind = loaded("thinc.model")
    if kind is not None and isinstance(thing, kind.Model):
        return [thinc(thing, *inputs.values(), name=name)]
    if all(callable(getattr(thing, n, None)) for n in ("init", "forward", "backward")):
        params = thing.init(np.random.default_rng(0))
        return [layer(thing, params, *_given(["x"], inputs, name), name=name)]
    if inspect.isroutine(thing):
        return _listed(_function(thing, inputs, name))
    for method in ("forward", "__call__", "loss", "fn"):
        if callable(getattr(thing, method, None)):
            signature = getattr(thing, method)
            given = _given(_arguments(signature), inputs, name, optional=_optional(signature))
            return [adapt_object(thing, *given, name=name)]
    raise InputError(f"{name} ({type(thing).__name__}) has no forward, and is no function: no adapter takes it")


def _function(f: Callable[..., Any], inputs: Mapping[str, Any], name: str) -> Target | list[Target]:
    """Return the target of a plain function: (y, pullback), or of the library that its module imports."""
    given = _given(_arguments(f), inputs, name, optional=_optional(f))
    homes = {
        value.__name__.partition(".")[0]
        for value in getattr(f, "__globals__", {}).values()
        if isinstance(value, ModuleType)
    }
    for home, adapter in (("torch", torch), ("jax", jax), ("autograd", autograd)):
        if home in homes:
            return adapter(f, *given, name=name)
    answer = f(*[v.copy() if isinstance(v, np.ndarray) else v for v in given])
    if isinstance(answer, tuple) and len(answer) == 2 and callable(answer[1]):
        return closure(f, *given, name=name)
    raise InputError(
        f"{name} returns {type(answer).__name__}, and its module imports none of torch, jax and autograd: nothing "
        "claims its derivative. Return (y, pullback), or yield a target from gradcheck_targets()"
    )


def _made(cls: type) -> Any:
    try:
        return cls()
    except TypeError as error:
        raise InputError(
            f"{cls.__name__} cannot be made without arguments ({error}); name an object instead, or yield it from "
            "gradcheck_targets()"
        ) from error


def _arguments(function: Any) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        return [p.name for p in inspect.signature(function).parameters.values() if p.kind in kinds]
    except (TypeError, ValueError):  # built-in functions have none
        return []


def _optional(function: Any) -> set[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return set()
    return {p.name for p in parameters if p.default is not p.empty}


def _given(taken: list[str], inputs: Mapping[str, Any], name: str, optional: set[str] | None = None) -> list[Any]:
    """Return the inputs in the order of a signature; say which are missing or unknown."""
    if not taken:
        return list(inputs.values())
    unknown = [n for n in inputs if n not in taken]
    missing = [n for n in taken if n not in inputs and n not in (optional or set())]
    if unknown or missing:
        what = f"has no input {unknown[0]!r}" if unknown else f"needs {', '.join(missing)}"
        raise InputError(f"{name} {what}; it takes {', '.join(taken)}: --input {(missing or taken)[0]}=8x16")
    last = max((i for i, n in enumerate(taken) if n in inputs), default=-1)
    skipped = [n for n in taken[: last + 1] if n not in inputs]
    if skipped:
        raise InputError(f"{name} takes {skipped[0]} before {taken[last]}: give it too, {skipped[0]}==VALUE")
    return [inputs[n] for n in taken[: last + 1]]


def _listed(made: Target | list[Target]) -> list[Target]:
    return [made] if isinstance(made, Target) else list(made)
