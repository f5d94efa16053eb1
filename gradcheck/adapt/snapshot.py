"""Copies of one object, many and quickly: it is taken apart once, and only put together for each copy.

`copy.deepcopy` walks an object anew for every copy, in Python. A pickle is walked once and read back in C, ten times
as fast; what a deep copy shares (classes, functions, modules) is kept beside it and shared as well, so that classes
without an import can be copied too. Whatever pickling does otherwise than deepcopy, or refuses, is left to deepcopy.
"""

from __future__ import annotations

import copy
import io
import pickle
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["copier"]

_SHARED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, property)


class _Unlike(Exception):
    """An object whose deep copy is not what its pickle would give."""


def copier(thing: Any, spared: Sequence[Any] = ()) -> Callable[[], Any]:
    """Return a function that copies an object as it is now, whatever becomes of it later.

    Args:
        thing: shares nothing with its copies but what a deep copy shares.
        spared: objects inside it that copies are to share with it.
    """
    kept: list[Any] = []
    places: dict[int, int] = {}
    alike = {id(each) for each in spared}

    class Apart(pickle.Pickler):
        def persistent_id(self, each: Any) -> int | None:
            if id(each) not in alike and not isinstance(each, _SHARED):
                if type(each) is not np.ndarray and hasattr(type(each), "__deepcopy__"):
                    raise _Unlike
                return None
            if id(each) not in places:
                places[id(each)] = len(kept)
                kept.append(each)
            return places[id(each)]

    class Together(pickle.Unpickler):
        def persistent_load(self, place: int) -> Any:
            return kept[place]

    def deep() -> Any:
        return copy.deepcopy(thing, {id(each): each for each in spared})

    def quick() -> Any:
        return Together(io.BytesIO(taken)).load()

    try:
        buffer = io.BytesIO()
        Apart(buffer, protocol=5).dump(thing)
        taken = buffer.getvalue()
        quick()
    except Exception:  # a lock, a handle, its own way to be copied: deepcopy copes, or tells why not
        return deep
    return quick
