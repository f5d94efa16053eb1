"""A case as a program: the user's own code by its import path, numpy arrays as literals, claim and measurement."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.counterexample import frameworks
from gradcheck.counterexample.case import Case
from gradcheck.counterexample.mistake import STEP
from gradcheck.counterexample.objects import constructed
from gradcheck.counterexample.writing import Name, identifier, keys, literal, written
from gradcheck.recipe import Recipe
from gradcheck.report import Finding
from gradcheck.target import Target, source_of
from gradcheck.tree import is_container, leaves, rebuild

__all__ = ["program", "writable"]


class _Nameless(Exception):
    """An object that no import leads to."""


def writable(outputs: Any) -> bool:
    """Whether φ = Σ dy · y of these outputs can be written in a line: an array, a number, or a flat nest of them."""
    leaf = isinstance(outputs, (np.ndarray, np.generic, float))
    items = outputs.values() if isinstance(outputs, Mapping) else outputs
    return leaf or (is_container(outputs) and all(isinstance(i, (np.ndarray, np.generic, float, int)) for i in items))


def program(like: Target, case: Case, finding: Finding) -> str:
    """Return a program that shows a case with numpy and the user's code alone.

    Args:
        like: the target that failed.
        case: with its cotangent.
        finding: of the check about the case.
    """
    return _Writer(like, case, finding).text()


class _Writer:
    """Collects what a program needs while its parts are written."""

    def __init__(self, like: Target, case: Case, finding: Finding) -> None:
        assert like.recipe is not None
        self.recipe: Recipe = like.recipe
        self.case, self.finding, self.target = case, finding, case.target(like)
        self.imports: dict[str, set[str]] = {}
        self.variables = {n: identifier(n) for n in self.target.point.names}
        self.wrt = self.variables[finding.wrt]
        self.outputs = self.target.forward(*self.target.point.copies())
        self.single = isinstance(self.outputs, (np.ndarray, np.generic, float))
        scalar = self.single and np.ndim(self.outputs) == 0
        self.cotangent = 1.0 if scalar and float(case.cotangent) == 1.0 else case.cotangent

    def text(self) -> str:
        things = [self._thing(name, thing) for name, thing in self.case.things.items()]
        pairs = zip(self.target.point.names, self.target.point.values, strict=True)
        numbers = [f"{self.variables[name]} = {literal(value)}" for name, value in pairs]
        if self.recipe.kind == "layer":
            numbers.append(f"params = {self._nest(1)}")
        if self.recipe.kind == "pair":
            numbers.append(self._attributes())
        if self._foreign:
            given = list(self.variables.values())
            lines = frameworks.forward(self.recipe.kind, given, self._called(), self.recipe.seed)
            numbers.append(f"\n{lines}\n")
        if self._weighed:
            numbers.append(f"dy = {written(rebuild(self.cotangent, lambda leaf: Name(literal(leaf))))}")
        imports = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.imports.items())]
        loaded = frameworks.imports(self.recipe.kind) if self._foreign else []
        head = "\n".join([*loaded[:1], "import numpy as np", *imports, *loaded[1:]])
        return "\n\n".join([head, "\n".join([*things, *numbers]), *self._shown()]) + "\n"

    @property
    def _weighed(self) -> bool:
        return not isinstance(self.cotangent, float)

    @property
    def _foreign(self) -> bool:
        return self.recipe.kind in ("torch", "jax")

    def _called(self) -> str:
        """Return what is called of a framework's function: a class of torch's by its `apply`."""
        return "f.apply" if isinstance(self.case.things["f"], type) else "f"

    def _thing(self, name: str, thing: Any) -> str:
        try:
            return self._unmade(name, thing) or f"{name} = {self.expression(thing)}"
        except _Nameless as why:
            source = source_of(thing) or source_of(getattr(thing, "forward", None))
            place = f", defined in {source[0]}:{source[1]}" if source else ""
            return f"# {name}: put it here; no import leads to {why}{place}"

    def _unmade(self, name: str, thing: Any) -> str:
        """Return the lines of an object with parameters on it, its constructor not called; "" where that is known."""
        if self.recipe.kind != "pair" or constructed(thing) is not None:
            return ""
        made = self._imported(type(thing))
        kept = {n: v for n, v in vars(thing).items() if n not in self.recipe.labels}
        told = ", ".join(f"{n}={self.expression(v)}" for n, v in kept.items())
        return f"{name} = {made}.__new__({made})" + (f"\nvars({name}).update({told})" if told else "")

    def expression(self, thing: Any) -> str:
        """Return an expression for an object, its imports collected; _Nameless where there is none."""
        if thing is None or type(thing) in _PLAIN:
            return repr(thing)
        if isinstance(thing, (np.ndarray, np.generic)):
            return literal(thing)
        if type(thing) in (tuple, list):
            items = ", ".join(map(self.expression, thing))
            return f"[{items}]" if isinstance(thing, list) else f"({items}{',' if len(thing) == 1 else ''})"
        if type(thing) is dict:
            return "{" + ", ".join(f"{self.expression(k)}: {self.expression(v)}" for k, v in thing.items()) + "}"
        owner = getattr(thing, "__self__", None)
        if owner is not None and hasattr(thing, "__func__"):
            return f"{self.expression(owner)}.{thing.__name__}"
        if isinstance(thing, type) or hasattr(thing, "__qualname__"):
            return self._imported(thing)
        given = constructed(thing)
        if given is None:
            raise _Nameless(f"this {type(thing).__name__}")
        told = [f"{name}={self.expression(value)}" for name, value in given.items() if not _default(thing, name, value)]
        return f"{self._imported(type(thing))}({', '.join(told)})"

    def _imported(self, thing: Any) -> str:
        module, path = getattr(thing, "__module__", None) or "", str(thing.__qualname__)
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        # what was run as a script, or loaded by its path under a name of gradcheck's making, is imported by nobody
        if found is not thing or module == "__main__" or module.startswith("gradcheck_file_"):
            raise _Nameless(path.replace("<locals>.", ""))
        self.imports.setdefault(module, set()).add(path.split(".")[0])
        return path

    def _nest(self, place: int) -> str:
        """Return an argument, its leaves by their variables."""
        argument = self.case.arguments[place]
        before = sum(len(list(leaves(a))) for a in self.case.arguments[:place])
        names = iter(list(self.variables.values())[before:])
        if not is_container(argument):
            return next(names)
        return written(rebuild(argument, lambda _: Name(next(names))))

    def _attributes(self) -> str:
        """Return the function that runs a layer with parameters on it."""
        given = ", ".join(self.variables.values())
        own = list(zip(self.recipe.labels, self.variables.values(), strict=True))[1:]
        lines = [f"def forward({given}):", *(f"    layer.{label} = {variable}" for label, variable in own)]
        return "\n".join(["", *lines, f"    return layer.forward({self.variables['x']})", ""])

    def _call(self) -> str:
        """Return the call of the forward, whose outputs φ weighs."""
        things, seed = self.case.things, self.recipe.seed
        rng = "" if seed is None else f", rng=np.random.default_rng({seed})"
        if self.recipe.kind == "layer":
            return f"layer.forward({self._nest(1)}, {self._nest(0)}{rng})[0]"
        given = ", ".join(self._nest(i) for i in range(len(self.case.arguments)))
        if self.recipe.kind == "pair":
            return f"forward({given})[0]"
        if self._foreign:
            return f"forward({given})"
        return f"{next(iter(things))}({given})" + ("[0]" if self.recipe.kind == "closure" else "")

    def _shown(self) -> list[str]:
        claim, gradient = self._claim()
        if self.finding.check == "contract.shape":
            return [claim, f'print("gradient", np.shape({gradient}), "where {self.wrt} is", {self.wrt}.shape)']
        value = self._call()
        if self.single:
            phi = f"np.sum(dy * {value})" if self._weighed else f"np.sum({value})"
        elif isinstance(self.outputs, Mapping):
            phi = f"sum(np.sum(dy[name] * y) for name, y in {value}.items())"
        else:
            phi = f"sum(np.sum(u * y) for u, y in zip(dy, {value}, strict=True))"
        place = list(self.finding.worst or ())
        at = f"[{', '.join(map(str, place))}]" if place else "[()]"
        step = f"{STEP:g}"
        lines = [
            f"def phi({self.wrt}):\n    return {phi}",
            f"step = np.zeros({self.wrt}.shape)\nstep{at} = {step}\n"
            f"measured = (phi({self.wrt} + step) - phi({self.wrt} - step)) / (2 * step{at})",
            f"{claim}\nclaimed = {f'({gradient})' if ' ' in gradient else gradient}{at}",
            f'print(f"claimed {{claimed:+.6g}}, measured {{measured:+.6g}}")'
            f"  # claimed {self.finding.claimed:+.6g}, measured {self.finding.measured:+.6g}",
        ]
        return lines

    def _claim(self) -> tuple[str, str]:
        """Return (lines, expression) of the claimed gradient."""
        kind, wrt = self.recipe.kind, self.finding.wrt
        dy = "dy" if self._weighed else "1.0"
        label, _, rest = wrt.partition(".") if kind != "layer" else (wrt, "", "")
        if kind == "layer":
            rng = "" if self.recipe.seed is None else f", rng=np.random.default_rng({self.recipe.seed})"
            lines = f"y, cache = layer.forward(params, {self._nest(0)}{rng})\n"
            lines += f"dx, dparams = layer.backward(params, cache, {dy})"
            own = len(list(leaves(self.case.arguments[0])))
            if wrt in self.target.point.names[:own]:
                return lines, "dx" + keys(self.case.arguments[0], wrt.partition(".")[2])
            return lines, "dparams" + keys(self.case.arguments[1], wrt)
        given = ", ".join(self._nest(i) for i in range(len(self.case.arguments)))
        weigh = f"{dy} * " if self._weighed else ""
        if kind == "activation":
            return f"slope = act.grad({given})", f"{weigh}slope"
        if kind == "loss":
            return f"slope = loss.grad({given})", f"{weigh}slope"
        position = self.recipe.labels.index(label)
        if kind == "pair":
            lines = f"y, z = forward({given})\ngrads = layer.backward({self.variables['x']}, z, {dy})"
            x, layer = self.case.arguments[0], self.case.things["layer"]
            alone = position == 0 and not isinstance(layer.backward(x, layer.forward(x)[1], self.cotangent), tuple)
            return lines, "grads" if alone else f"grads[{position}]"
        if self._foreign:
            names = list(self.variables.values())
            return frameworks.claim(kind, names, self._called(), position, dy, self.recipe.seed)
        if kind == "gradient":
            pick = f"[{position}]" if len(self.recipe.labels) > 1 else ""
            return f"slope = grad({given})", f"{weigh}slope{pick}"
        nest = keys(self.case.arguments[position], rest)
        trailing = "," if len(self.recipe.labels) == 1 else ""
        if kind == "vjp":
            answer = self.case.things["vjp"](self.case.arguments, self.case.cotangent)
            line = f"grads = vjp(({given}{trailing}), {dy})"
        else:
            answer = self.case.things["f"](*self.case.arguments)[1](self.case.cotangent)
            line = f"y, pullback = f({given})\ngrads = pullback({dy})"
        if isinstance(answer, Mapping):
            return line, f"grads[{label!r}]{nest}"
        return line, f"grads[{position}]{nest}" if isinstance(answer, (tuple, list)) else f"grads{nest}"


_PLAIN = (bool, int, float, complex, str, bytes)


def _default(thing: Any, name: str, value: Any) -> bool:
    default = inspect.signature(type(thing)).parameters[name].default
    return type(default) is type(value) and type(value) in (*_PLAIN, type(None)) and default == value
