"""Targets from names: "package.module", "package.module:object", "path/file.py", "path/file.py:object".

A module offers its targets without importing gradcheck: `gradcheck_targets()` yields plain dictionaries,
{"adapt": "layer", "name": "Dense[3,5]", "layer": Dense(3, 5), "params": params, "x": x}: "adapt" is a name in
`gradcheck.adapt`, the rest are its arguments ("inputs" holds those of `vjp`, `gradient` and `closure`). Target
objects at module level, a list or function called `targets`, and whatever is marked with `gradcheck.at`, are
found too. A name with inputs, "package.module:thing --input x=8x16", is checked at inputs drawn as described.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from gradcheck import adapt
from gradcheck.adapt.recognise import claims, recognise
from gradcheck.adapt.signatures import takes
from gradcheck.compare import Verdict
from gradcheck.config import suggest
from gradcheck.errors import BackwardRaised, GradcheckError, TargetError
from gradcheck.inputs import MARK, drawn, parse
from gradcheck.loading import load, telling, whereabouts
from gradcheck.report import Finding
from gradcheck.target import Target

__all__ = ["CONVENTION", "INPUT", "Discovery", "Item", "asked", "claiming", "discover", "targets_of"]

CONVENTION = "gradcheck_targets"
INPUT = " --input "  # separates a name from the inputs that it is checked at
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
        plain, *described = spec.split(INPUT)
        module, found = load(plain, words=words)
        maker = _Maker(spec)
        with telling(spec):
            if described:
                made = list(maker.recognised(found, _described(described)))
            elif isinstance(found, ModuleType):
                modules.append((spec, module))
                made = list(_offered(found, maker))
            else:
                made = list(maker.make(found))
        items += [Item(spec, target) for target in made]
        findings += maker.findings
    return Discovery(tuple(_unique(items)), tuple(findings), tuple(modules))


def _described(texts: Sequence[str]) -> dict[str, Any]:
    """Return descriptions by name."""
    found: dict[str, Any] = {}
    for described in map(parse, texts):
        if described.name in found:
            raise TargetError(f"--input {described.name} is given twice: {' and '.join(texts)}")
        found[described.name] = described
    return found


def asked(thing: Any) -> str:
    """Return the options that a thing is to be checked with: "--input x=8x16 --input w=8x16"."""
    return " ".join(f"--input {name}=8x16" for name in takes(thing) or ("x",))


def claiming(module: ModuleType) -> tuple[str, Any] | None:
    """Return (name, thing) of the first of a module's own classes, objects and functions that claims a derivative."""
    for name, value in vars(module).items():
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__ and claims(value):
            return name, value
    return None


def targets_of(found: Any, *, told: str = "targets") -> list[Target]:
    """Return the targets of an object: a Target, a dictionary with the key "adapt", or an iterable of either.

    Raises:
        TargetError: it is none of these, or making a target raised.
    """
    maker = _Maker(told)
    with telling(told):
        made = [Item(told, target) for target in maker.make(found)]
    if maker.findings:
        raise TargetError(maker.findings[0].message)
    return [item.target for item in _unique(made)]


def _offered(module: ModuleType, maker: _Maker) -> Iterator[Target]:
    """Yield what a module offers by convention."""
    seen: set[int] = set()
    public = [value for name, value in vars(module).items() if not name.startswith("_")]
    values = [value for value in public if isinstance(value, Target) or _marked(value, module)]
    for name in (CONVENTION, _LIST):
        value = getattr(module, name, None)
        if value is not None and not isinstance(value, ModuleType):
            values.append(value)
    for value in values:
        for target in maker.make(value):
            if id(target) not in seen:
                seen.add(id(target))
                yield target


def _marked(value: Any, module: ModuleType) -> bool:
    """Whether a thing carries a mark of its own and stands where it was defined, not merely imported."""
    own = MARK in getattr(value, "__dict__", {})
    return own and getattr(value, "__module__", module.__name__) == module.__name__


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
        elif MARK in getattr(found, "__dict__", {}):
            yield from self.recognised(found, getattr(found, MARK))
        elif isinstance(found, Mapping):
            yield from self._adapted(found)
        elif inspect.isroutine(found):
            yield from self.make(self._called(found))
        elif isinstance(found, Iterable) and not isinstance(found, (str, bytes)) and not hasattr(found, "shape"):
            for each in found:
                yield from self.make(each)
        elif claims(found):
            raise TargetError(f"{self.spec}: say at which inputs it is to be checked: {asked(found)}")
        else:
            raise TargetError(
                f"{self.spec}: expected targets, dictionaries with the key 'adapt', or a function that yields them, "
                f"but got {type(found).__name__}"
            )

    def recognised(self, found: Any, inputs: Mapping[str, Any]) -> Iterator[Target]:
        """Yield the targets of a thing at inputs that were given or described."""
        if isinstance(found, ModuleType):
            raise TargetError(f"{self.spec}: inputs are given to an object, package.module:thing, not to a module")
        plain = self.spec.split(INPUT)[0]
        try:
            made = recognise(found, drawn(inputs))
        except BackwardRaised as error:
            self._raised(str(getattr(found, "__name__", plain)), error)
            return
        except GradcheckError as error:
            raise TargetError(f"{plain}: {error}") from error
        except Exception as error:
            self._raised(str(getattr(found, "__name__", plain)), error)
            return
        yield from made

    def _called(self, function: Callable[..., Any]) -> Any:
        try:
            inspect.signature(function).bind()
        except TypeError as error:
            raise TargetError(
                f"{self.spec}: {function.__name__}() is called without arguments, but {error}; to check the function "
                f"itself, say at which inputs: {asked(function)}"
            ) from error
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
        except BackwardRaised as error:
            self._raised(str(entry.get("name", type(entry.get("thing")).__name__)), error)
            return
        except GradcheckError as error:
            raise TargetError(f"{told}: {error}") from error
        except Exception as error:  # whatever the user's forward raises while its target is made becomes RAISED
            self._raised(str(entry.get("name", kind)), error)
            return
        yield from [made] if isinstance(made, Target) else made

    def _raised(self, name: str, error: Exception) -> None:
        own = error.__cause__ if isinstance(error, BackwardRaised) else error
        told = str(error) if own is not error else f"{type(error).__name__}: {error}"
        message = f"making the target: {told}{whereabouts(own or error)}"
        self.findings.append(Finding(name, name, "audit.adapt", "", Verdict.RAISED, message))

    def _bound(self, told: str, kind: str, adapter: Any, arguments: dict[str, Any]) -> Callable[[], Any]:
        signature = inspect.signature(adapter)
        parameters = list(signature.parameters.values())
        starred = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)  # thinc's operations take axis=, nW=, ...
        parameters = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
        takes = [p.name for p in parameters]
        unknown = [] if open_ended else [key for key in arguments if key not in takes]
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
