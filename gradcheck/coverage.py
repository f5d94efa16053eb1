"""What a module offers to the public and nobody checks: a layer without a target is a fault of the audit."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from gradcheck.compare import Verdict
from gradcheck.report import Finding
from gradcheck.report.finding import COVERAGE
from gradcheck.target import Target

__all__ = ["coverage", "kind_of"]

_LAYER = ("init", "forward", "backward")
_CALLED = ("__call__", "grad")


def coverage(spec: str, module: ModuleType, targets: Iterable[Target]) -> list[Finding]:
    """Every public layer, activation and loss of a module has a target of its own.

    A class counts if it is public (listed in `__all__`, or without one defined there and without an underscore; for
    a package also in its submodules) and has the methods of a layer (init, forward, backward) or of an activation or
    loss (`__call__`, grad); so do the values of public dictionaries. Protocols and abstract classes do not. It is
    covered if a local target adapts an object of exactly that class: a model's end-to-end gradient covers none.

    Args:
        spec: the module as it was named.
        module: it has a `gradcheck_targets`.
        targets: all that were found.
    Returns:
        One MALFORMED finding for each class that nobody checks, or one AGREES; none where there are no such classes.
    """
    checked = {_class_of(target.subject) for target in targets if target.role == "local"}
    findings: list[Finding] = []
    found: dict[type, str] = {}
    for place, module_ in _modules(module, findings, spec):
        for cls, name in _public(module_, place, whole=module_ is module):
            found.setdefault(cls, name)
    for cls, name in found.items():
        if cls not in checked:
            kind, methods = kind_of(cls)
            message = (
                f"{name} is {kind} ({', '.join(methods)}) that no target checks: yield one for it from "
                f"{spec}.gradcheck_targets(), or give it an underscore if it is not public"
            )
            findings.append(Finding(spec, name, COVERAGE, "", Verdict.MALFORMED, message, source=_source(cls)))
    if found and not findings:
        message = f"every public layer, activation and loss has a target ({len(found)})"
        findings.append(Finding(spec, spec, COVERAGE, "", Verdict.AGREES, message))
    return findings


def kind_of(cls: Any) -> tuple[str, tuple[str, ...]]:
    """Return ("a layer", its methods) by the shape of a class, ("", ()) for what claims no derivative."""
    if not inspect.isclass(cls) or getattr(cls, "_is_protocol", False) or inspect.isabstract(cls):
        return "", ()
    # through the classes' own dictionaries: every class object is callable by way of its metaclass
    names = {name for each in cls.__mro__ for name, value in vars(each).items() if callable(value)}
    if names.issuperset(_CALLED):
        return "an activation or loss", _CALLED
    return ("a layer", _LAYER) if names.issuperset(_LAYER) else ("", ())


def _class_of(subject: object) -> type:
    owner = getattr(subject, "__self__", subject)  # a bound method speaks for its object
    return owner if isinstance(owner, type) else type(owner)


def _modules(module: ModuleType, findings: list[Finding], spec: str) -> Iterator[tuple[str, ModuleType]]:
    """Yield a module and all public submodules; one that cannot be imported is a finding of its own."""
    yield module.__name__, module
    for info in pkgutil.walk_packages(getattr(module, "__path__", []), f"{module.__name__}.", onerror=lambda _: None):
        if any(part.startswith("_") for part in info.name.split(".")):
            continue
        try:
            yield info.name, importlib.import_module(info.name)
        except (Exception, SystemExit) as error:  # what an import hides is not covered
            message = f"{info.name} cannot be imported, so nobody knows what it offers: {type(error).__name__}: {error}"
            findings.append(Finding(spec, info.name, COVERAGE, "", Verdict.MALFORMED, message))


def _public(module: ModuleType, place: str, *, whole: bool) -> Iterator[tuple[type, str]]:
    """Yield (class, name) of what a module offers; of a submodule only what is defined in it."""
    listed = getattr(module, "__all__", None)
    for name, value in list(vars(module).items()):
        if name.startswith("_") or (listed is not None and name not in listed):
            continue
        own = getattr(value, "__module__", None) == module.__name__
        if kind_of(value)[0] and (own or (whole and listed is not None)):
            yield value, f"{place}.{name}"
        elif isinstance(value, Mapping) and (own or listed is not None or name.isupper()):
            for key, item in value.items():
                cls = item if inspect.isclass(item) else type(item)
                if kind_of(cls)[0]:
                    yield cls, f"{place}.{name}[{key!r}]"


def _source(cls: type) -> tuple[str, int] | None:
    for name in ("backward", "grad"):
        code = getattr(getattr(cls, name, None), "__code__", None)
        if code is not None:
            return code.co_filename, code.co_firstlineno
    return None
