"""nn.Modules: checked on a copy, each innermost module at the input that it truly receives, then the whole."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.adapt.claimed import claimed_names
from gradcheck.adapt.torch_tensors import Slot, is_moving, seeded, slot_of, target_of
from gradcheck.adapt.vjp import names_for
from gradcheck.errors import InputError
from gradcheck.target import Target, source_of
from gradcheck.tree import is_container, leaves, rebuild

__all__ = ["module_targets"]


@dataclass
class _Call:
    """One module as it was called: which, with what, and whether it called others."""

    path: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inner: bool = True


def module_targets(
    torch: Any,
    module: Any,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    *,
    names: Sequence[str] | None,
    name: str | None,
    wide: bool,
    training: bool | None,
    seed: int,
    tolerance: float | None,
    wrt: Sequence[str] | None,
) -> list[Target]:
    """Return the targets of a module: itself, or one for each innermost module that it calls, and the whole."""
    name = name or type(module).__name__
    shipped = _copied(torch, module)
    if training is not None:
        shipped.train(training)
    marked = {id(a) for _, a in leaves([*args, *kwargs.values()]) if getattr(a, "requires_grad", False)}
    given = rebuild(list(args), lambda leaf: _tensor(torch, leaf))
    given_kw = rebuild(kwargs, lambda leaf: _tensor(torch, leaf)) if kwargs else {}
    if _lazy(torch, shipped):
        with torch.no_grad(), seeded(torch, seed, ()):
            own = rebuild([given, given_kw], lambda leaf: _like(torch, leaf, torch.get_default_dtype()))
            shipped(*own[0], **own[1])
    double = _widened(torch, _copied(torch, shipped))
    calls: list[_Call] = []
    for widened in (True, False) if wide else (False,):
        arguments = rebuild([given, given_kw], lambda leaf: _wide(torch, leaf)) if widened else [given, given_kw]
        try:
            calls = _calls(torch, _copied(torch, double if widened else shipped), arguments[0], arguments[1], seed)
        except Exception:  # it may insist on its own precision; what else it raises is told by the check of the whole
            continue
        wide = widened
        given, given_kw = arguments
        break
    works = double if wide else shipped
    paths = dict(works.named_modules())
    inner = [c for c in calls if c.inner and c.path]
    owning = [c for c in calls if not c.inner and c.path and list(paths[c.path].parameters(recurse=False))]
    targets: list[Target] = []
    seen: dict[str, int] = {}
    labels: dict[str, str] = {}
    for call in (*inner, *owning):
        part = paths[call.path]
        label = f"{call.path} {type(part).__name__}"
        labels.setdefault(call.path, label)
        seen[label] = seen.get(label, 0) + 1
        told = label if seen[label] == 1 else f"{label} ({seen[label]})"
        pair = _submodule(shipped, call.path), _submodule(double, call.path)
        # of a module around others only what is its own is claimed here: the others answer for themselves
        own = None if call.inner else [n for n, _ in part.named_parameters(recurse=False)]
        if _moves(torch, part, call):
            targets.append(
                _target(
                    torch, pair, call.args, call.kwargs, wide, seed,
                    name=f"{name}/{told}", layer=label, tolerance=tolerance, wrt=own,
                )
            )  # fmt: skip
    whole = _target(
        torch,
        (shipped, double),
        given,
        given_kw,
        wide,
        seed,
        names=names,
        name=f"{name}/end to end" if targets else name,
        tolerance=tolerance,
        wrt=wrt,
        marked=marked,
        originals=[*args, *kwargs.values()],
        owners=labels,
        role="end_to_end" if targets else "local",
    )
    return [*targets, whole]


def _target(
    torch: Any,
    pair: tuple[Any, Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    wide: bool,
    seed: int,
    *,
    name: str,
    tolerance: float | None,
    wrt: Sequence[str] | None,
    names: Sequence[str] | None = None,
    layer: str = "",
    role: Any = "local",
    owners: Mapping[str, str] | None = None,
    marked: set[int] | None = None,
    originals: Sequence[Any] = (),
) -> Target:
    """Return the target of one module at given arguments, its parameters being inputs beside them."""
    shipped, double = pair
    labels = names_for(shipped.forward, args, names) if args else ()
    nest = {**dict(zip(labels, args, strict=True)), **kwargs}
    slots = [slot_of(torch, n, v, wide=wide) for n, v in leaves(nest)]
    if marked:  # the user marked tensors, as one does for autograd
        flags = [id(v) in marked for _, v in leaves(list(originals))]
        slots = [Slot(s.name, s.value, s.dtype, s.device, f) for s, f in zip(slots, flags, strict=True)]
    count, taken = len(slots), {slot.name for slot in slots}
    parameters = {n: p for n, p in shipped.named_parameters() if p.requires_grad}
    keys = list(parameters)
    places = [f"self.{n}" if n in taken else n for n in keys]
    slots += [slot_of(torch, place, parameters[n], wide=wide) for place, n in zip(places, keys, strict=True)]
    if not any(is_moving(slot) for slot in slots):
        raise InputError(f"Expected {name} to have a floating-point input or parameter but it has none")
    stateful = _keeps_state(torch, double if wide else shipped, nest, labels, kwargs, seed)

    def run(tensors: list[Any], widened: bool) -> Any:
        work = double if widened else shipped
        rest = iter(tensors[:count])
        moved = {n: rebuild(v, lambda _: next(rest)) if is_container(v) else next(rest) for n, v in nest.items()}
        buffers = {n: b.detach().clone() for n, b in work.named_buffers()}
        own = dict(zip(keys, tensors[count:], strict=True))
        work = _shared(torch, work) if stateful else work
        answer = torch.func.functional_call(
            work, {**own, **buffers}, tuple(moved[n] for n in labels), {n: moved[n] for n in kwargs}
        )
        return answer

    claimed = claimed_names(wrt, [slot.name for slot in slots])
    if claimed is None and any(slot.wanted for slot in slots[:count]):
        claimed = tuple(slot.name for slot in slots if slot.wanted)
    return target_of(
        torch,
        run,
        slots,
        seed=seed,
        keeps=False,  # layers may say inplace=True, and autograd follows them
        name=name,
        layer=layer,
        role=role,
        wrt=claimed,
        owners=_owners(owners or {}, keys, places, name),
        source=source_of(type(shipped).forward),
        subject=shipped,
        tolerance=tolerance,
    )


def _owners(labels: Mapping[str, str], keys: Sequence[str], places: Sequence[str], name: str) -> dict[str, Any]:
    """Return, for each parameter of the whole, the innermost labelled module that owns it, and its name there."""
    found = {}
    for key, place in zip(keys, places, strict=True):
        path, _, own = key.rpartition(".")
        while path and path not in labels:
            path, _, above = path.rpartition(".")
            own = f"{above}.{own}"
        if path in labels:
            found[place] = (labels[path], own)
    return found


def _calls(torch: Any, module: Any, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int) -> list[_Call]:
    """Run a module once and return its calls of itself and others, in order, with what each was given."""
    calls: list[_Call] = []
    stack: list[_Call] = []

    def enter(path: str) -> Any:
        def hook(_: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            for outer in stack:
                outer.inner = False
            kept = rebuild([list(given), dict(named)], lambda leaf: _kept(torch, leaf)) if given or named else [[], {}]
            call = _Call(path, tuple(kept[0]), kept[1])
            calls.append(call)
            stack.append(call)

        return hook

    def leave(*_: Any) -> None:
        stack.pop()

    for path, part in module.named_modules():
        if not isinstance(part, torch.jit.ScriptModule):
            part.register_forward_pre_hook(enter(path), with_kwargs=True)
            part.register_forward_hook(leave)
    with seeded(torch, seed, ()), torch.enable_grad():
        module(*_fresh(torch, args), **_fresh(torch, kwargs))
    return calls


def _moves(torch: Any, part: Any, call: _Call) -> bool:
    """Whether a derivative can be taken of a call at all: it has floating-point inputs or parameters, not empty."""
    inputs = [v for _, v in leaves([*call.args, *call.kwargs.values()]) if isinstance(v, torch.Tensor)]
    values = [*inputs, *part.parameters()]
    floats = [v for v in values if v.is_floating_point() or v.is_complex()]
    return bool(floats) and all(v.numel() for v in floats)


def _keeps_state(
    torch: Any, module: Any, nest: Mapping[str, Any], labels: Sequence[str], kwargs: Mapping[str, Any], seed: int
) -> bool:
    """Whether a forward leaves anything on the modules beside buffers, so that every call needs a fresh copy."""
    work = _shared(torch, module)
    before = _attributes(torch, work)
    try:
        with seeded(torch, seed, ()), torch.enable_grad():
            given = _fresh(torch, nest)
            buffers = {n: b.detach().clone() for n, b in work.named_buffers()}
            torch.func.functional_call(work, buffers, tuple(given[n] for n in labels), {n: given[n] for n in kwargs})
    except Exception:  # the user's code; the check tells what it raises
        return True
    return _attributes(torch, work) != before


def _attributes(torch: Any, module: Any) -> list[tuple[str, str, Any]]:
    hidden = ("_parameters", "_buffers", "_modules")
    return [
        (path, key, value if isinstance(value, (int, float, str, bool)) else id(value))
        for path, part in module.named_modules()
        for key, value in vars(part).items()
        if key not in hidden
    ]


def _tensors_of(torch: Any, module: Any) -> Iterator[Any]:
    yield from module.parameters()
    yield from module.buffers()
    for part in module.modules():
        for value in vars(part).values():
            for _, leaf in leaves([value]) if isinstance(value, (torch.Tensor, list, tuple, dict)) else ():
                if isinstance(leaf, torch.Tensor):
                    yield leaf


def _copied(torch: Any, module: Any) -> Any:
    """Return a copy that shares nothing; tensors that are results of others, which deepcopy refuses, included."""
    memo: dict[int, Any] = {}
    for tensor in _tensors_of(torch, module):
        if type(tensor) is torch.Tensor and not tensor.is_leaf:
            memo[id(tensor)] = tensor.detach().clone()
    try:
        return copy.deepcopy(module, memo)
    except Exception as error:
        raise InputError(
            f"{type(module).__name__} cannot be copied ({type(error).__name__}: {error}), and a check must not change "
            "it; give a function of its inputs: adapt.torch(lambda x: module(x), x)"
        ) from error


def _shared(torch: Any, module: Any) -> Any:
    """Return a copy of the modules that shares their tensors: what a forward leaves on them goes with it."""
    return copy.deepcopy(module, {id(tensor): tensor for tensor in _tensors_of(torch, module)})


def _widened(torch: Any, module: Any) -> Any:
    """Turn every parameter, buffer and kept tensor of a module to float64, in place."""
    module.double()
    for part in module.modules():
        for store in (part._parameters, part._buffers):
            for key, value in store.items():
                if value is not None and value.dtype is torch.complex64:
                    store[key] = type(value)(value.detach().to(torch.complex128)) if store is part._parameters else (
                        value.to(torch.complex128)
                    )  # fmt: skip
        for key, value in list(vars(part).items()):
            if isinstance(value, torch.Tensor):
                setattr(part, key, _wide(torch, value.detach()))
    return module


def _wide(torch: Any, leaf: Any) -> Any:
    if not isinstance(leaf, torch.Tensor):
        return leaf
    if leaf.is_floating_point():
        return leaf.double()
    return leaf.to(torch.complex128) if leaf.is_complex() else leaf


def _like(torch: Any, leaf: Any, dtype: Any) -> Any:
    return leaf.detach().to(dtype) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf


def _tensor(torch: Any, leaf: Any) -> Any:
    return torch.as_tensor(leaf) if type(leaf).__module__ == "numpy" else leaf


def _kept(torch: Any, leaf: Any) -> Any:
    return leaf.detach().clone() if isinstance(leaf, torch.Tensor) else leaf


def _fresh(torch: Any, nest: Any) -> Any:
    return rebuild(nest, lambda leaf: _kept(torch, leaf)) if is_container(nest) else nest


def _lazy(torch: Any, module: Any) -> bool:
    kinds = (torch.nn.parameter.UninitializedParameter, torch.nn.parameter.UninitializedBuffer)
    return any(isinstance(t, kinds) for t in (*module.parameters(), *module.buffers()))


def _submodule(module: Any, path: str) -> Any:
    return module.get_submodule(path)
