"""How people write layers: the names of methods and what the arguments of a backward are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.errors import InputError
from gradcheck.point import differentiable

__all__ = [
    "BACKWARDS",
    "DERIVATIVES",
    "FORWARDS",
    "is_cotangent",
    "is_prediction_first",
    "is_truth",
    "method_of",
    "required",
    "roles_of",
    "told_roles",
]

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
_TRUTHS = {"y", "ytrue", "true", "target", "targets", "label", "labels", "t", "truth", "expected", "gt", "actual"}
_NO_GRADIENTS = r"d(ata|im|ims|t|type|epth|ecay|ropout|ict|evice)"  # words with a d that is no differential


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


def is_truth(argument: str) -> bool:
    """Whether an argument is called as that which a loss compares with: y, target, labels."""
    return _plain(argument) in _TRUTHS


def is_prediction_first(arguments: Sequence[str], inputs: Sequence[Any]) -> bool:
    """Whether a loss takes the prediction before the truth, by its names or because only the second is integer.

    Args:
        arguments: names of the loss's two arguments.
        inputs: their values.
    """
    if len(arguments) == 2:
        first, second = map(is_truth, arguments)
        if first != second:
            return second
    return differentiable(np.asarray(inputs[0])) and not differentiable(np.asarray(inputs[1]))


def roles_of(
    owner: str, arguments: Sequence[str], inputs: Sequence[str], *, returned: int, scalar: bool
) -> tuple[str, ...]:
    """Return what each argument of a backward is: "dy", "dy:0", "dy:1", "cache", "y", "rate", or "x:name".

    Args:
        owner: what is adapted, for messages.
        arguments: names of the backward's required arguments.
        inputs: names of the forward's inputs.
        returned: how many things the forward returns; of several, the last may be a cache.
        scalar: the output is one number: a loss, whose backward may take no cotangent.
    Raises:
        InputError: it cannot be told; the sentence says what to name.
    """
    cached = returned == 2 and len(arguments) > 1
    roles = _roles(arguments, inputs, cached)
    likes = [i for i, n in enumerate(arguments) if _like_cotangent(n)]
    if returned > 1 and len(likes) > 1:  # one cotangent an output, and perhaps the cache
        caches = [i for i in range(len(arguments)) if i not in likes and not roles[i].startswith("x:")]
        if len(likes) == returned - len(caches) and len(caches) <= 1:
            for number, i in enumerate(likes):
                roles[i] = f"dy:{number}"
            for i in caches:
                roles[i] = "cache"
            return tuple(roles)
    unknown = [i for i, role in enumerate(roles) if role == "?"]
    lossy = scalar and "dy" not in roles
    if cached and "cache" not in roles and len(unknown) == 1 and "dy" in roles:
        roles[unknown[0]] = "cache"
    elif "dy" not in roles and len(unknown) == 1 and (not lossy or _like_cotangent(arguments[unknown[0]])):
        roles[unknown[0]] = "dy"
    if "?" in roles or (roles.count("dy") != 1 and not (lossy and "dy" not in roles)):
        told = ", ".join(arguments) or "nothing"
        raise InputError(
            f"Cannot tell what {owner}({told}) takes: expected one cotangent (dy, dout, grad_output, ...) and else the "
            "inputs by their names, the output or the cache; name them in order, e.g. "
            'takes=("cache", "dy") with "x", "y", "cache", "dy"'
        )
    return tuple(roles)


def _roles(arguments: Sequence[str], inputs: Sequence[str], cached: bool) -> list[str]:
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
    return roles


def told_roles(takes: Sequence[str], inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the roles that a user named: "x" or an input's name, "y", "cache", "dy", "dy:1", "rate", "self.output".

    Raises:
        InputError: a word is none of these.
    """
    known = ("y", "cache", "dy", "rate")
    roles = []
    for word in (takes,) if isinstance(takes, str) else takes:
        if word in inputs or word == "x":
            roles.append(f"x:{word if word in inputs else inputs[0]}")
        elif word in known or re.fullmatch(r"dy:\d+|self\.\w+", word):
            roles.append(word)
        else:
            raise InputError(
                f'Expected takes to hold {", ".join((*inputs, *known))} or "self.attribute" but got {word!r}'
            )
    return tuple(roles)


def _like_cotangent(argument: str) -> bool:
    plain = _plain(argument)
    return is_cotangent(argument) or (plain[:1] == "d" and not re.fullmatch(_NO_GRADIENTS, plain))


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
