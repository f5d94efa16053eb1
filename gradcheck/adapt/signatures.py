"""What something takes, and its inputs by name put in that order."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.adapt.conventions import FORWARDS
from gradcheck.adapt.importing import loaded
from gradcheck.errors import InputError

__all__ = ["given", "parameters_of", "takes"]

_Parameter = inspect.Parameter
_POSITIONAL = (_Parameter.POSITIONAL_ONLY, _Parameter.POSITIONAL_OR_KEYWORD)


def parameters_of(thing: Any) -> list[_Parameter]:
    """Return the parameters of what is called with the inputs: a function, or the forward of an object or class.

    Empty where a signature cannot be read, as of built-in functions.
    """
    library = loaded("torch")
    skipped = 0
    own = library.autograd.Function if library is not None else None
    if own is not None and isinstance(thing, type) and issubclass(thing, own):
        function: Any = thing
        skipped = int(function.setup_context is own.setup_context)  # ctx
        thing = function.forward
    elif not inspect.isroutine(thing) and not hasattr(thing, "__wrapped__"):
        method = next((n for n in (*FORWARDS, "loss") if n in dir(thing) and n != "__call__"), None)
        if method is not None:
            skipped = int(isinstance(thing, type))  # self
            thing = getattr(thing, method)
    if getattr(thing, "_is_autograd_primitive", False):
        thing = thing.fun
    try:
        return list(inspect.signature(thing).parameters.values())[skipped:]
    except (TypeError, ValueError):
        return []


def takes(thing: Any) -> list[str]:
    """Return the names of the inputs that something cannot do without."""
    kinds = (*_POSITIONAL, _Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters_of(thing) if p.kind in kinds and p.default is p.empty]


def given(parameters: Sequence[_Parameter], inputs: Mapping[str, Any], told: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the inputs in the order of a signature, and those that are taken by keyword only.

    Raises:
        InputError: one is missing or unknown; the message says what is taken.
    """
    starred = any(p.kind is _Parameter.VAR_POSITIONAL for p in parameters)
    open_ = any(p.kind is _Parameter.VAR_KEYWORD for p in parameters)
    positional = [p.name for p in parameters if p.kind in _POSITIONAL]
    keyword = [p.name for p in parameters if p.kind is _Parameter.KEYWORD_ONLY]
    if not parameters or (starred and not set(inputs) & {*positional, *keyword}):
        return list(inputs.values()), {}
    known = [*positional, *keyword]
    unknown = [n for n in inputs if n not in known and not open_]
    missing = [p.name for p in parameters if p.name in known and p.name not in inputs and p.default is p.empty]
    if unknown or missing:
        what = f"has no input {unknown[0]!r}" if unknown else f"needs {', '.join(missing)}"
        due = (missing or [n for n in known if n not in inputs] or known or [""])[0]
        hint = f": --input {due}=8x16" if due else ""
        raise InputError(f"{told} {what}; it takes {', '.join(known) or 'none'}{hint}")
    last = max((i for i, n in enumerate(positional) if n in inputs), default=-1)
    defaults = {p.name: p.default for p in parameters}
    ordered = [inputs.get(n, defaults[n]) for n in positional[: last + 1]]
    return ordered, {n: v for n, v in inputs.items() if n not in positional}
