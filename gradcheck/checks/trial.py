"""One target under examination: its base point, cotangents and gradients, each computed once."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from gradcheck import streams
from gradcheck.checks.claims import Claims, Size, viewed
from gradcheck.checks.cotangents import drawn, flatten, scaled
from gradcheck.compare import Verdict
from gradcheck.norms import all_finite
from gradcheck.paths import told_from_root
from gradcheck.pieces import LARGE, is_large, same
from gradcheck.point import Array, differentiable, own
from gradcheck.report import Finding
from gradcheck.settings import Settings
from gradcheck.target import Pullback, Target
from gradcheck.tree import leaves, rebuild

__all__ = ["Trial", "unchanged"]

T = TypeVar("T")


class Trial:
    """A target at its point; everything random is drawn from the settings' seed and the target's name.

    Args:
        target: what is examined.
        settings: how hard to look.
        values: inputs in place of the target's own (a moved point, another precision).

    Large inputs are not copied: calls get a copy that they share. Large gradients are kept for one cotangent at a time.
    """

    def __init__(self, target: Target, settings: Settings, values: list[Any] | None = None) -> None:
        self.target = target
        self.settings = settings
        if values is None:
            values = [v if is_large(v) and differentiable(v) else own(v) for v in target.point.values]
        self.values = values
        self._shared: dict[int, weakref.ref[Array]] = {}
        self.names = target.point.names
        self.evaluations = 0
        self._begun: tuple[list[Any], list[bool], Pullback] | None = None
        self._written: list[tuple[str, bool]] | None = None
        self.again: Array | None = None  # what a second forward answered, until it is compared
        self._last: tuple[int, Pullback] | None = None  # evaluations until then, the last pullback
        self._first: tuple[int, Pullback, Mapping[str, Any]] | None = None  # evaluations until then, what it answered
        self.heard: Mapping[str, Any] | None = None  # what the first pullback answers to the second cotangent
        self.missed: list[str] = []  # inputs whose gradients were far off in that round
        self.alike = False  # whether `oneround` has shown that no contract of memory and state is broken
        self.visited: Any = None  # the other point that it went to
        self.rereads = False  # whether one pullback was seen to answer twice alike
        self.protect = False  # hand out copies, because a forward was seen to write into its arguments
        self._blank: Finding | None = None
        self._outputs: Any = None
        self._y0: Array | None = None
        self.claims = Claims({n for n, v in zip(self.names, self.values, strict=True) if is_large(v)})
        self._claimed: list[str] | None = None
        self._cotangents: dict[int, Any] = {}
        self._flat: dict[int, Array] = {}  # those cotangents, flat
        self.nearby: dict[tuple[int, float], list[dict[str, Any]]] = {}
        self.kappa: dict[str, float] = {}  # by block, measured noise over its floor
        self.loudest = 1.0  # greatest noise over its floor that any probe has shown
        self.wider: list[Trial | None] = []  # the same in extended precision, once it was asked for
        self.stage: Any = None  # where it is measured, once `precision.stage_for` has found out
        self.inside: float | None = None  # see `mixtures.spacing_inside`
        self.stairs = False  # whether the forward was seen to stand still on short steps and to move on long ones
        self.told: dict[str, list[Any]] = {}  # by block, what the diagnosis said
        self.flickers: dict[str, float] = {}
        self.tremors: dict[tuple[int, float], dict[str, Array]] = {}
        self.wavers: dict[int, float] = {}  # by cotangent, see `solvers.wavering`
        self.inexact: float | None = None  # size of the forward's jumps, once they were looked for

    def rng(self, *purpose: object) -> np.random.Generator:
        """Return a generator for one purpose, the same whatever else is asked for."""
        return streams.stream(self.settings.seed, self.target.name, *purpose)

    def jitter(self, *purpose: object) -> float:
        """Return what the steps of one measurement are times as long as those of another: 0.7 to 1.4."""
        return 0.7 + 0.7 * streams.number(self.settings.seed, self.target.name, *purpose)

    def index(self, name: str) -> int:
        """Return the position of an input."""
        return self.names.index(name)

    def value(self, name: str) -> Array:
        """Return one input."""
        return np.asarray(self.values[self.index(name)])

    def fresh(self) -> list[Any]:
        """Return the inputs as copies; of a large one the copy that all calls share, put right again."""
        return [self._lent(place) for place in range(len(self.values))]

    def _lent(self, place: int, *, copied: bool = True) -> Any:
        value = self.values[place]
        if copied and isinstance(value, np.ndarray) and value.size < LARGE:
            return value.copy(order="K")
        if not isinstance(value, np.ndarray) or not (copied or is_large(value)):
            return value
        if self.protect:
            return value.copy(order="K")
        shared = self._shared[place]() if place in self._shared else None
        if shared is None or not shared.flags.writeable:
            shared = value.copy(order="K")
            self._shared[place] = weakref.ref(shared)
        else:
            np.copyto(shared, value)  # whatever was done to it
        return shared

    def forward(self, values: list[Any]) -> Any:
        """Call the forward, counted."""
        self.evaluations += 1
        return self.target.forward(*values)

    @property
    def outputs(self) -> Any:
        """The forward's own answer at the point."""
        if self._y0 is None:
            self.take_outputs(self.forward(self.fresh()))
        return self._outputs

    def take_outputs(self, outputs: Any) -> None:
        """Take a copy of what a forward answered at the point for `outputs`."""
        self._outputs = rebuild(outputs, _kept)
        self._y0 = flatten(self._outputs)

    @property
    def y0(self) -> Array:
        """(n,) flat outputs at the point."""
        _ = self.outputs
        assert self._y0 is not None
        return self._y0

    def evaluator(self, name: str) -> Callable[[Array], Array | None]:
        """Return block ↦ flat outputs, None where the function cannot be evaluated."""
        position, size = self.index(name), self.y0.size
        lent: list[Any] = []

        def evaluate(block: Array) -> Array | None:
            if self.protect or not lent:
                places = range(len(self.values))
                lent[:] = [None if i == position else self._lent(i, copied=self.protect) for i in places]
            arguments = list(lent)
            arguments[position] = block
            self.evaluations += 1
            try:
                y = flatten(self.target.forward(*arguments))
            except Exception:  # a step may leave the domain; what raises at the point itself is RAISED
                return None
            return y if y.size == size else None

        return evaluate

    def cotangent(self, number: int, scale: float = 1.0) -> Any:
        """Return a fresh copy of the `number`-th random cotangent, in the structure of the outputs, times `scale`."""
        return rebuild(self._cotangent(number), lambda leaf: None if leaf is None else scaled(leaf, scale))

    def _cotangent(self, number: int) -> Any:
        if number not in self._cotangents:
            self._cotangents[number] = drawn(self.outputs, self.rng("cotangent", number), short=number == 0)
        return self._cotangents[number]

    def use_cotangent(self, number: int, cotangent: Any) -> None:
        """Take a given cotangent, in the structure of the outputs, for the `number`-th random one."""
        self._cotangents[number] = cotangent
        self._flat.pop(number, None)

    def flat_cotangent(self, number: int) -> Array:
        """(n,) the `number`-th cotangent, flat: to be read, not written."""
        if number not in self._flat:
            self._flat[number] = flatten(self._cotangent(number))
        return self._flat[number]

    def linearize(self) -> tuple[Any, Pullback]:
        """Call the forward that keeps what its backward needs."""
        self.evaluations += 1
        outputs, pullback = self.target.linearize(*self.fresh())
        self._last = (self.evaluations, pullback) if self.rereads else None
        return outputs, pullback

    def pullback(self) -> Pullback:
        """Return the pullback of the last call, where it may be asked again and no call came since; else of a new one.

        One that reads from its object belongs to the last forward, and one that was used up to nothing at all.
        """
        if self._last is not None and self._last[0] == self.evaluations:
            return self._last[1]
        return self.linearize()[1]

    def keep(self, pullback: Pullback) -> None:
        """Keep the pullback of the last call, which may be asked again."""
        self._last = self.evaluations, pullback

    def forget(self) -> None:
        """Forget the last pullback, because the target was called from elsewhere."""
        self._last = None

    def begin(self) -> Any:
        """Return the outputs of a linearized call whose pullback answers to the first cotangent when that is asked."""
        self.evaluations += 1
        arguments = self.fresh()
        outputs, pullback = self.target.linearize(*arguments)
        unmoved = [unchanged(a, v) for a, v in zip(arguments, self.values, strict=True)]
        self._begun = arguments, unmoved, pullback
        return outputs

    def _finished(self) -> Mapping[str, Any]:
        """Return what the call that was begun answers, and keep what it has written into."""
        assert self._begun is not None
        (arguments, unmoved, pullback), self._begun = self._begun, None
        cotangent = self.cotangent(0)
        answer = pullback(cotangent)
        if not self.holds_large:
            self._first = self.evaluations, pullback, answer
        pairs = zip(self.names, arguments, self.values, unmoved, strict=True)
        self._written = [(name, still) for name, a, value, still in pairs if not unchanged(a, value)]
        given = zip(leaves(self._cotangent(0)), leaves(cotangent), strict=True)
        self._written += [("", True) for (_, mine), (_, leaf) in given if not unchanged(mine, leaf)]
        return answer

    @property
    def holds_large(self) -> bool:
        """Whether an input, or all outputs together, are so large that a copy more is felt."""
        return any(map(is_large, (self.y0, *self.values)))

    def held(self) -> tuple[Pullback, Mapping[str, Any]]:
        """Return a pullback and what it has answered to the first cotangent, as it was handed out.

        The first one, where it was the last call.
        """
        (evaluations, pullback, answer), self._first = self._first or (-1, None, {}), None
        if pullback is not None and evaluations == self.evaluations:
            return pullback, answer
        _, pullback = self.linearize()
        return pullback, pullback(self.cotangent(0))

    @property
    def written(self) -> list[tuple[str, bool]]:
        """What a linearized call writes into: (input, "" for the cotangent; whether it was its backward)."""
        if self._written is None:
            self.claims.let_go()
            if self._begun is None:
                self.begin()
            self._finished()
        assert self._written is not None
        return self._written

    def gradients(self, number: int) -> Mapping[str, Any]:
        """Return {input: claimed gradient} for the `number`-th cotangent, copied, each from a fresh pullback."""
        return self.claims.all(number, self._pulled)

    def gradient(self, number: int, name: str) -> Any:
        """Return the claimed gradient of one input, None where the backward answers none."""
        return self.claims.one(number, name, self._pulled)

    def size_of(self, number: int, name: str) -> Size | None:
        """Return how large a claimed gradient is, known also where it was let go."""
        return self.claims.size(number, name, self._pulled)

    def answered(self, number: int) -> tuple[str, ...]:
        """Return the names that the backward answers for."""
        return self.claims.names(number, self._pulled)

    def _pulled(self, number: int) -> Mapping[str, Any]:
        if number == 0 and self._begun is not None:
            return self._finished()
        _, pullback = self.linearize()
        return pullback(self.cotangent(number))

    def share_cotangents(self, other: Trial) -> None:
        """Use another trial's cotangents, so that claims at two points can be compared."""
        self._cotangents, self._flat = other._cotangents, other._flat

    def answer_at(self, values: list[Any], cotangent: Any) -> Mapping[str, Any]:
        """Return what the backward answers at other values, not copied; these are handed out themselves."""
        self.forget()
        _, pullback = self.target.linearize(*values)
        return viewed(pullback(cotangent))

    def read(self, answer: Any) -> dict[str, Any]:
        """Return a pullback's answer as copied arrays, None kept."""
        return {name: None if value is None else np.array(value) for name, value in viewed(answer).items()}

    def finding(self, check: str, wrt: str, verdict: Verdict, message: str = "", **numbers: Any) -> Finding:
        """Return a finding of this target; messages of what is wrong open with where."""
        if self.target.role != "local" and check.startswith("gradient."):
            check = "model.end_to_end" if self.target.role == "end_to_end" else "model.boundary"
        if self._blank is None:
            target = self.target
            owner, source = target.layer or target.name, told_from_root(target.source)
            self._blank = Finding(target.name, owner, "", "", Verdict.AGREES, source=source, role=target.role)
        if wrt:
            numbers["layer"], numbers["wrt"] = self.target.owner(wrt)
        numbers["check"], numbers["verdict"], numbers["message"] = check, verdict, message
        return self._blank.changed(numbers)

    def claimed_blocks(self) -> list[str]:
        """Return the inputs whose gradients are claimed and have the right form, so that they can be measured."""
        if self._claimed is None:
            gradients = self.gradients(0)
            self._claimed = [
                name
                for name in self.target.point.blocks
                if (self.target.wrt is None or name in self.target.wrt)
                and gradients.get(name) is not None
                and gradients[name].shape == self.value(name).shape
                and gradients[name].dtype.kind in "fc"
                and all_finite(gradients[name])
            ]
        return self._claimed


def unchanged(a: Any, b: Any) -> bool:
    """Whether an array is as it was; what is no array is."""
    return not isinstance(a, np.ndarray) or same(a, b)


def _kept(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf
