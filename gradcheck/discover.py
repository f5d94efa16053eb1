"""Targets from names: "package.module", "package.module:object", "path/file.py", "path/file.py:object".

A module offers its targets without importing gradcheck: `gradcheck_targets()` yields plain dictionaries,
{"adapt": "layer", "name": "Dense[3,5]", "layer": Dense(3, 5), "params": params, "x": x}: "adapt" is a name in
`gradcheck.adapt`, the rest are its arguments ("inputs" holds those of `vjp`, `gradient` and `closure`). Target
objects at module level, and a list or function called `targets`, are found too.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import traceback
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck import adapt
from gradcheck.compare import Verdict
from gradcheck.config import suggest
from gradcheck.errors import GradcheckError, TargetError
from gradcheck.report import Finding
from gradcheck.target import Target

__all__ = ["CONVENTION", "Discovery", "Item", "discover", "load", "split", "targets_of"]

CONVENTION = "gradcheck_targets"
_LIST = "targets"


@dataclass(frozen=True)
class Item:
    """A target and the name under which it was found, so that a command line can find it again."""

    spec: str
    target: Target


@dataclass(frozen=True)
class Discovery:
    """What names led to.

    Args:
        items: in order; names of targets are unique.
        findings: of targets whose own code raised while they were made.
        modules: (spec, module) of every whole module that was named.
    """

    items: tuple[Item, ...]
    findings: tuple[Finding, ...] = ()
    modules: tuple[tuple[str, ModuleType], ...] = ()


def discover(specs: Sequence[str], *, words: Iterable[str] = ()) -> Discovery:
    """Return every target that the names lead to.

    Args:
        specs: names of modules, files and objects in them.
        words: what else a name may have been meant for (commands), for suggestions.
    Raises:
        TargetError: a name leads nowhere, a module cannot be imported, or what it offers is no target.
    """
    items: list[Item] = []
    findings: list[Finding] = []
    modules: list[tuple[str, ModuleType]] = []
    for spec in dict.fromkeys(specs):
        module, found = load(spec, words=words)
        maker = _Maker(spec)
        with _telling(spec):
            if isinstance(found, ModuleType):
                modules.append((spec, module))
                made = list(_offered(found, maker))
            else:
                made = list(maker.make(found))
        items += [Item(spec, target) for target in made]
        findings += maker.findings
    return Discovery(tuple(_unique(items)), tuple(findings), tuple(modules))


def targets_of(found: Any, *, told: str = "targets") -> list[Target]:
    """Return the targets of an object: a Target, a dictionary with the key "adapt", or an iterable of either.

    Raises:
        TargetError: it is none of these, or making a target raised.
    """
    maker = _Maker(told)
    with _telling(told):
        made = [Item(told, target) for target in maker.make(found)]
    if maker.findings:
        raise TargetError(maker.findings[0].message)
    return [item.target for item in _unique(made)]


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
    for part in path.split(".") if path else ():
        try:
            found = getattr(found, part)
        except AttributeError:
            known = [name for name in dir(found) if not name.startswith("__")]
            raise TargetError(f"{home} has no {path!r}{suggest(part, known)}") from None
    return module, found


def _from_name(name: str, words: Iterable[str]) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise TargetError(
            f"{name!r} is no name of a module or file{suggest(name, words)}; expected package.module, "
            "package.module:object, path/file.py or path/file.py:object"
        )
    try:
        with _telling(name, missing=name):
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
    with _telling(name):
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
def _telling(what: str, *, missing: str = "") -> Iterator[None]:
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


def _offered(module: ModuleType, maker: _Maker) -> Iterator[Target]:
    """Yield what a module offers by convention."""
    seen: set[int] = set()
    values = [value for name, value in vars(module).items() if isinstance(value, Target) and not name.startswith("_")]
    for name in (CONVENTION, _LIST):
        value = getattr(module, name, None)
        if value is not None and not isinstance(value, ModuleType):
            values.append(value)
    for value in values:
        for target in maker.make(value):
            if id(target) not in seen:
                seen.add(id(target))
                yield target


class _Maker:
    """Makes targets of whatever a module offers.

    Args:
        spec: the name that led there, for messages.
    """

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.findings: list[Finding] = []

    def make(self, found: Any) -> Iterator[Target]:
        """Yield targets of a Target, a dictionary, an iterable of them, or a function that returns or yields them."""
        if isinstance(found, Target):
            yield found
        elif isinstance(found, Mapping):
            yield from self._adapted(found)
        elif inspect.isroutine(found):
            yield from self.make(self._called(found))
        elif isinstance(found, Iterable) and not isinstance(found, (str, bytes)) and not hasattr(found, "shape"):
            for each in found:
                yield from self.make(each)
        else:
            raise TargetError(
                f"{self.spec}: expected targets, dictionaries with the key 'adapt', or a function that yields them, "
                f"but got {type(found).__name__}"
            )

    def _called(self, function: Callable[..., Any]) -> Any:
        try:
            inspect.signature(function).bind()
        except TypeError as error:
            raise TargetError(f"{self.spec}: {function.__name__}() is called without arguments, but {error}") from error
        except ValueError:  # built-in functions have no signature
            pass
        return function()

    def _adapted(self, entry: Mapping[str, Any]) -> Iterator[Target]:
        kind = entry.get("adapt")
        told = f"{self.spec}: target {entry.get('name', kind)!r}"
        if kind not in adapt.__all__:
            hint = suggest(str(kind), adapt.__all__) or f"; expected one of {', '.join(sorted(adapt.__all__))}"
            raise TargetError(f"{told}: no adapter {kind!r} in gradcheck.adapt{hint}")
        adapter = getattr(adapt, kind)
        arguments = {key: value for key, value in entry.items() if key != "adapt"}
        call = self._bound(told, kind, adapter, arguments)
        try:
            made = call()
        except GradcheckError as error:
            raise TargetError(f"{told}: {error}") from error
        except Exception as error:  # whatever the user's forward raises while its target is made becomes RAISED
            message = f"making the target: {type(error).__name__}: {error}{whereabouts(error)}"
            name = str(entry.get("name", kind))
            self.findings.append(Finding(name, name, "audit.adapt", "", Verdict.RAISED, message))
            return
        yield from [made] if isinstance(made, Target) else made

    def _bound(self, told: str, kind: str, adapter: Any, arguments: dict[str, Any]) -> Callable[[], Any]:
        signature = inspect.signature(adapter)
        parameters = signature.parameters.values()
        starred = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        takes = [p.name for p in parameters]
        unknown = [key for key in arguments if key not in takes]
        if unknown:
            raise TargetError(
                f"{told}: adapt.{kind} takes no {unknown[0]!r}{suggest(unknown[0], takes)} "
                f"(it takes {', '.join(takes)})"
            )
        missing = [p.name for p in parameters if p.default is p.empty and p.name not in arguments]
        if missing:
            raise TargetError(f"{told}: adapt.{kind} needs {missing[0]!r}; it takes {', '.join(takes)}")
        if starred is None:
            return lambda: adapter(**arguments)
        rest = arguments.pop(starred)
        first = [arguments.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        inputs = rest if isinstance(rest, tuple) else (rest,)
        return lambda: adapter(*first, *inputs, **arguments)


def _unique(items: Iterable[Item]) -> Iterator[Item]:
    """Number targets of the same name: random numbers are drawn from names, reports are keyed by them."""
    seen: dict[str, int] = {}
    for item in items:
        name = item.target.name
        seen[name] = seen.get(name, 0) + 1
        yield item if seen[name] == 1 else Item(item.spec, replace(item.target, name=f"{name}#{seen[name]}"))
