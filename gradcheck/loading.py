"""Modules and objects from names: "package.module", "package.module:object", "path/file.py", "path/file.py:object"."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.config import suggest
from gradcheck.errors import GradcheckError, TargetError

__all__ = ["load", "split", "telling", "whereabouts"]


def split(spec: str) -> tuple[str, str]:
    """Return (module or file, object or "")."""
    head, colon, tail = spec.rpartition(":")
    return (head, tail) if colon and head and not any(c in tail for c in "/\\") else (spec, "")


def load(spec: str, *, words: Iterable[str] = ()) -> tuple[ModuleType, Any]:
    """Import what a name leads to and return (its module, the object or the module itself)."""
    home, path = split(spec)
    if home.endswith(".py") or "/" in home or "\\" in home or (Path(home).is_dir() and home in (".", "..")):
        module = _from_file(home)
    else:
        module = _from_name(home, words)
    found: Any = module
    before = ""
    for part in path.split(".") if path else ():
        try:
            found = getattr(found, part)
        except AttributeError:
            hint = suggest(part, _own(found), before=before) or suggest(part, _named(found), before=before)
            raise TargetError(f"{home} has no {path!r}{hint or _has(found)}") from None
        before += f"{part}."
    return module, found


def _named(found: Any) -> list[str]:
    return [name for name in dir(found) if not name.startswith("__")]


def _own(found: Any) -> list[str]:
    """Return the public names of what a module defines itself, its targets first; of another object all its names."""
    if not isinstance(found, ModuleType):
        return _named(found)
    home = found.__name__
    values = {name: getattr(found, name, None) for name in _named(found) if not name.startswith("_")}
    things = {name: value for name, value in values.items() if not isinstance(value, ModuleType)}
    listed = getattr(found, "__all__", ())
    own = (name for name, value in things.items() if name in listed or getattr(value, "__module__", home) == home)
    return sorted(own, key=lambda name: "targets" not in name)


_LISTED = 5  # names of a module in one line


def _has(found: Any) -> str:
    """Return what a module has, where a name is not near to any of it."""
    names = _own(found) if isinstance(found, ModuleType) else []
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"; it has {', '.join(names[:_LISTED])}{more}" if names else ""


def _from_name(name: str, words: Iterable[str]) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise TargetError(
            f"{name!r} is no name of a module or file{suggest(name, words)}; expected package.module, "
            "package.module:object, path/file.py or path/file.py:object"
        )
    try:
        with telling(name, missing=name):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = str(error.name)
        parent = missing.rpartition(".")[0]
        places = getattr(sys.modules.get(parent), "__path__", None) if parent else None
        near = [f"{parent}.{m.name}" if parent else m.name for m in pkgutil.iter_modules(places)]
        stem = Path(f"{name}.py")
        hint = f"; did you mean the file {stem}?" if stem.is_file() else suggest(missing, [*words, *near])
        raise TargetError(f"No module named {missing!r}{hint}") from None


def _from_file(name: str) -> ModuleType:
    file = Path(name).resolve()
    if file.is_dir() and (file / "__init__.py").is_file():
        file = file / "__init__.py"
    if not file.is_file():
        near = [str(Path(name).parent / other.name) for other in Path(name).parent.glob("*.py")]
        raise TargetError(f"No file {name!r}{suggest(name, near)}")
    parts = [] if file.name == "__init__.py" else [file.stem]
    root = file.parent
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    dotted = ".".join(parts)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    known = sys.modules.get(dotted)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    with telling(name):
        if len(parts) > 1 or file.name == "__init__.py":
            return importlib.import_module(dotted)
        if known is not None or dotted in sys.stdlib_module_names or not dotted.isidentifier():
            # a file called types.py must not hide the library's
            dotted = f"gradcheck_file_{zlib.crc32(str(file).encode()):08x}"
        made = importlib.util.spec_from_file_location(dotted, file)
        if made is None or made.loader is None:
            raise TargetError(f"{name} is not a Python file")
        module = importlib.util.module_from_spec(made)
        sys.modules[dotted] = module  # dataclasses and pickles look their module up
        try:
            made.loader.exec_module(module)
        except BaseException:
            del sys.modules[dotted]
            raise
        return module


@contextlib.contextmanager
def telling(what: str, *, missing: str = "") -> Iterator[None]:
    """Turn what a user's module raises into a TargetError that says where."""
    try:
        yield
    except GradcheckError:
        raise
    except (Exception, SystemExit) as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent and f"{missing}.".startswith(f"{absent}."):
            raise
        raise TargetError(f"{what} cannot be loaded: {type(error).__name__}: {error}{whereabouts(error)}") from error


def whereabouts(error: BaseException) -> str:
    """Return " (file:line)" of the user's innermost frame."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}:{error.lineno})"
    here = str(Path(__file__).parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(("<frozen", here))]
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
