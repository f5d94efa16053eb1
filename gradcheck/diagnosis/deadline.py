"""Calls that may never end: an iteration has no limit at points that nobody asked about."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

__all__ = ["ended_within"]

T = TypeVar("T")


class _Late(BaseException):
    """What ends a call that is late; no `except Exception` of the user's keeps it."""


def ended_within(seconds: float, call: Callable[[], T]) -> list[T] | None:
    """Return what a call returns, in a list, [] where it raised; None where it had not ended in time, and was ended.

    It is made in a thread of its own, which sees the caller's context. A loop of Python is ended at its next
    instruction; a call into C that never returns is left behind, and ends with the process.

    Example:
        >>> ended_within(5.0, lambda: 2 + 2)
        [4]
    """
    found: list[T] = []
    context = copy_context()

    def work() -> None:
        try:
            found.append(context.run(call))
        except BaseException:  # whatever it raises, it found nothing
            found.clear()

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not thread.is_alive():
        return found
    late, identity = ctypes.py_object(_Late), ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, late)
    thread.join(1.0)
    return None
