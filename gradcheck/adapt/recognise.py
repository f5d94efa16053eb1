"""Whatever a name leads to, with inputs at hand: which adapter it belongs to."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from gradcheck.adapt import conventions as usual
from gradcheck.adapt.from_autograd import autograd, mygrad
from gradcheck.adapt.from_jax import jax
from gradcheck.adapt.from_thinc import thinc
from gradcheck.adapt.from_torch import torch
from gradcheck.adapt.importing import loaded
from gradcheck.adapt.layer import layer
from gradcheck.adapt.objects import object as adapt_object
from gradcheck.adapt.signatures import given, parameters_of, takes
from gradcheck.adapt.twins import Twins, forward_of, twin_of
from gradcheck.adapt.vjp import closure, name_of, names_for
from gradcheck.errors import InputError, TargetError
from gradcheck.target import Target, source_of

__all__ = ["GROUP", "claims", "recognise"]

GROUP = "gradcheck.adapters"  # entry points: name = "package.module:adapter", adapter.recognises(thing) -> bool
_LIBRARIES = ("torch", "jax", "autograd", "mygrad")


def recognise(thing: Any, inputs: Mapping[str, Any]) -> list[Target]:
    """Return the targets of anything that claims a derivative, at named inputs.

    Tried in this order: adapters of other packages (entry points "gradcheck.adapters", each a callable like ours with
    an attribute `recognises(thing)`); torch functions and modules; JAX functions; thinc models and operations; layers
    with init(rng); objects with forward and backward, or a call and grad; functions that use torch, JAX, autograd or
    MyGrad; functions with a twin (f_forward and f_backward, f and f_grad); functions x -> (y, pullback) and
    x -> (loss, gradient).

    Args:
        thing: class, object or function. A class that can be made without arguments is made, a function without
            arguments is called for what it returns.
        inputs: by the names of its arguments.
    Raises:
        InputError: it belongs to none, or lacks inputs; the message says which it takes.
        TargetError: an adapter of another package cannot be imported.
    """
    foreign = _foreign(thing)
    if foreign is not None:
        return _listed(foreign(thing, **inputs))
    if inspect.isfunction(thing) and not inspect.signature(thing).parameters:
        return recognise(thing(), inputs)
    if isinstance(thing, type) and not _is_torch_function(thing):
        thing = _made(thing)
    told = _name(thing)
    library = loaded("torch")
    if library is not None and (_is_torch_function(thing) or isinstance(thing, library.nn.Module)):
        arguments, keywords = given(parameters_of(thing), inputs, told)
        return _listed(torch(thing, *arguments, kwargs=keywords))
    kind = loaded("thinc.model")
    if kind is not None and isinstance(thing, kind.Model):
        return [_of_thinc(thing, inputs, told)]
    if _is_layer(thing):
        params = thing.init(np.random.default_rng(0))
        return [layer(thing, params, *given(parameters_of(thing.forward)[1:], inputs, told)[0])]
    if inspect.isroutine(thing) or not _has_methods(thing):
        return _listed(_of_function(thing, inputs, told))
    return [_of_object(thing, inputs, told)]


def claims(thing: Any) -> bool:
    """Whether something claims a derivative, as far as can be told without calling it."""
    if isinstance(thing, type):
        return _is_torch_function(thing) or _is_torch_module(thing) or _has_methods(thing)
    if inspect.isroutine(thing):
        return twin_of(thing) is not None
    kind = loaded("thinc.model")
    if kind is not None and isinstance(thing, kind.Model):
        return True
    return _is_torch_module(type(thing)) or _root(type(thing)) in ("jax", "jaxlib") or _has_methods(thing)


def _foreign(thing: Any) -> Callable[..., Any] | None:
    """Return the adapter of another package that takes a thing, if one is installed."""
    for entry in entry_points(group=GROUP):
        try:
            adapter: Callable[..., Any] = entry.load()
        except Exception as error:
            raise TargetError(
                f"The adapter {entry.name} = {entry.value} that another package installs cannot be imported: "
                f"{type(error).__name__}: {error}"
            ) from error
        if not callable(getattr(adapter, "recognises", None)):
            raise TargetError(
                f"Expected the adapter {entry.name} = {entry.value} to be a callable with an attribute "
                f"recognises(thing) -> bool but got {adapter!r}"
            )
        if adapter.recognises(thing):  # type: ignore[attr-defined]
            return adapter
    return None


def _of_object(thing: Any, inputs: Mapping[str, Any], told: str) -> Target:
    """Return the target of an object with a forward and a backward of its own."""
    names = (*usual.FORWARDS, "loss", "fn", "f", "compute_loss", "cost")
    method = next((n for n in names if callable(getattr(thing, n, None))), None)
    if method is None:
        raise InputError(f"{told} has no forward under a usual name ({', '.join(names[:4])}, ...): rename it")
    arguments, keywords = given(parameters_of(getattr(thing, method)), inputs, told)
    if keywords:
        raise InputError(f"{told}.{method} takes {', '.join(keywords)} by keyword only: leave it at its default")
    try:
        return adapt_object(thing, *arguments)
    except InputError as error:
        raise InputError(
            f"{error}. Such words go into a dictionary of gradcheck_targets(): "
            f'{{"adapt": "object", "thing": {told}(...), "inputs": ({", ".join(inputs)},), ...}}'
        ) from error


def _of_thinc(thing: Any, inputs: Mapping[str, Any], told: str) -> Target:
    if len(inputs) != 1:
        raise InputError(f"{told} takes one input: --input X=8x16:float32, but got {len(inputs)}")
    X = next(iter(inputs.values()))
    # thinc's parameters are float32, and its layers refuse any other input
    return thinc(thing, X.astype(np.float32) if getattr(X, "dtype", None) == np.float64 else X)


def _of_function(f: Callable[..., Any], inputs: Mapping[str, Any], told: str) -> Target | list[Target]:
    """Return the target of a function, or of what is only called."""
    backend = loaded("thinc.backends.ops")
    if backend is not None and isinstance(f, backend.Ops):
        raise InputError(f"{told} has many operations: name one that has a backprop_ twin, e.g. {told}().gelu")
    if not callable(f):
        raise InputError(f"{told} ({type(f).__name__}) has no forward, and is no function: no adapter takes it")
    ahead = forward_of(f)
    if ahead is not None and not set(inputs) <= set(takes(f)):
        f, told = ahead, _name(ahead)
    arguments, keywords = given(parameters_of(f), inputs, told)
    own = next((n for n in (_root(type(f)), *_used(f)) if n in _LIBRARIES), None)
    if own is not None:
        return _of_library(own, f, arguments, keywords)
    twin = twin_of(f)
    if twin is not None and backend is not None and isinstance(getattr(f, "__self__", None), backend.Ops):
        return thinc(f.__self__, *arguments, op=f.__name__, **keywords)  # type: ignore[attr-defined]
    names = names_for(f, arguments, None)
    around = next((n for n in _imported(f) if n in _LIBRARIES), None)
    bound = functools.partial(f, **keywords) if keywords else f
    if twin is not None:
        pair = Twins(bound, twin)
        return adapt_object(pair, *arguments, forward="forward", backward="backward", names=names, name=told)
    if around is not None:
        return _of_library(around, f, arguments, keywords)
    answer = bound(*[v.copy() if isinstance(v, np.ndarray) else v for v in arguments])
    if _root(type(answer)) in _LIBRARIES:
        return _of_library(_root(type(answer)), f, arguments, keywords)
    return _of_answer(bound, answer, arguments, names, told)


def _of_library(
    library: str, f: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> Target | list[Target]:
    if library == "torch":
        return torch(f, *arguments, kwargs=keywords)
    if library == "jax":
        return jax(f, *arguments, kwargs=keywords)
    adapter = autograd if library == "autograd" else mygrad
    return adapter(functools.partial(f, **keywords) if keywords else f, *arguments)


def _of_answer(f: Callable[..., Any], answer: Any, arguments: Sequence[Any], names: Sequence[str], told: str) -> Target:
    """Return the target of a function by what it returned: (y, pullback) or (loss, gradient of the first input)."""
    if isinstance(answer, tuple) and len(answer) == 2:
        first, second = answer
        if callable(second):
            return closure(f, *arguments, names=names, name=told)
        if np.ndim(first) == 0 and arguments and np.shape(second) == np.shape(arguments[0]) != ():
            constant = (None,) * (len(arguments) - 1)

            def scored(*given: Any) -> tuple[Any, Callable[[Any], Any]]:
                value, gradient = f(*given)
                return value, lambda u: (u * np.asarray(gradient), *constant)

            made = closure(scored, *arguments, names=names, name=told, wrt=names[:1])
            return replace(made, source=source_of(f), subject=f)
    raise InputError(
        f"{told} returns {type(answer).__name__}, has no twin ({told}_backward, {told}_grad, ...) beside it, and uses "
        "none of torch, JAX, autograd and MyGrad: nothing claims its derivative. Return (y, pullback), write the twin, "
        "or yield a target from gradcheck_targets()"
    )


def _made(cls: type) -> Any:
    try:
        return cls()
    except TypeError as error:
        raise InputError(
            f"{cls.__name__} cannot be made without arguments ({error}); name an object instead, or a function without "
            f"arguments that returns one: def made(): return {cls.__name__}(...)"
        ) from error


def _name(thing: Any) -> str:
    named = inspect.isroutine(thing) or isinstance(thing, type) or isinstance(getattr(thing, "__name__", None), str)
    if isinstance(thing, functools.partial):
        return _name(thing.func)
    thing = getattr(thing, "fun", thing) if inspect.isfunction(thing) else thing  # a primitive of autograd
    return name_of(thing if named else type(thing))


def _has_methods(thing: Any) -> bool:
    backward = any(callable(getattr(thing, n, None)) for n in (*usual.BACKWARDS, *usual.DERIVATIVES))
    return backward or callable(getattr(thing, "loss", None))


def _is_layer(thing: Any) -> bool:
    """Whether a thing follows the protocol, forward(params, x), and does not keep its parameters itself."""
    methods = all(callable(getattr(thing, n, None)) for n in ("init", "forward", "backward"))
    return methods and len(usual.required(thing.forward)) == 2


def _is_torch_function(thing: Any) -> bool:
    library = loaded("torch")
    return library is not None and isinstance(thing, type) and issubclass(thing, library.autograd.Function)


def _is_torch_module(cls: type) -> bool:
    library = loaded("torch")
    return library is not None and issubclass(cls, library.nn.Module)


def _root(thing: Any) -> str:
    root = str(getattr(thing, "__module__", None) or "").partition(".")[0]
    return "jax" if root == "jaxlib" else root


def _used(f: Any) -> Iterator[str]:
    """Yield the packages of what a function's own code refers to, and its own."""
    while True:
        yield _root(f)
        inner = getattr(f, "__wrapped__", None) or getattr(f, "func", None) or getattr(f, "fun", None)
        if inner is None:
            break
        f = inner
    f = f if hasattr(f, "__code__") else getattr(type(f).__call__, "__func__", type(f).__call__)
    code, known = getattr(f, "__code__", None), getattr(f, "__globals__", {})
    for name in _names_in(code) if code is not None else ():
        if name in known:
            yield _home(known[name])
    for cell in getattr(f, "__closure__", None) or ():
        yield _home(cell.cell_contents)


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _imported(f: Any) -> Iterator[str]:
    """Yield the packages that a function's module imports."""
    while isinstance(f, functools.partial):
        f = f.func
    known = getattr(f, "__globals__", None) or getattr(type(f).__call__, "__globals__", {})
    yield from (_home(value) for value in known.values() if isinstance(value, ModuleType))


def _home(value: Any) -> str:
    return value.__name__.partition(".")[0] if isinstance(value, ModuleType) else _root(value)


def _listed(made: Target | Sequence[Target]) -> list[Target]:
    return [made] if isinstance(made, Target) else list(made)
