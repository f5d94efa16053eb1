"""torch: autograd functions, functions of tensors, and modules with every parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapt.claimed import claimed_names
from gradcheck.adapt.importing import library
from gradcheck.adapt.torch_modules import module_targets
from gradcheck.adapt.torch_tensors import Slot, array_of, is_moving, seeded, slot_of, target_of, tensor_of, tensors_in
from gradcheck.adapt.vjp import name_of, names_for
from gradcheck.errors import InputError
from gradcheck.recipe import Recipe
from gradcheck.streams import off_zero
from gradcheck.target import Target, source_of
from gradcheck.tree import is_container, leaves, rebuild

__all__ = ["torch"]


def torch(
    fn_or_module: Any,
    *inputs: Any,
    kwargs: Mapping[str, Any] | None = None,
    names: Sequence[str] | None = None,
    name: str | None = None,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    forward_mode: bool | None = None,
    as_shipped: bool = False,
    training: bool | None = None,
    seed: int = 0,
    tolerance: float | None = None,
) -> Target | list[Target]:
    """Claim what torch's autograd makes of a function or module.

    Args:
        fn_or_module: an autograd.Function class (its `apply` is called), a function of tensors, or an nn.Module,
            checked on a copy, with respect to its inputs and every parameter that is not frozen.
        inputs: tensors, arrays, nests of them, or constants. If some tensors require a gradient, only those
            are claimed; integers, booleans, numbers and strings are handed on.
        kwargs: handed on by name; tensors in them are inputs as well.
        names: one an input; taken from the signature.
        name: of the target; the function's or the class's.
        wrt: inputs whose gradients are claimed.
        order: 2 claims the double backward as well, as a target of its own.
        forward_mode: check forward-mode derivatives against reverse mode too; None where a Function has a jvp.
        as_shipped: judge float32, float16 or bfloat16 at its own precision instead of a float64 copy. Functions
            that insist on their own precision are judged there in any case.
        training: mode of a module; None for the mode that it is in.
        seed: of torch's random numbers, the same in every forward; dropout has the mask of its own forward.
        tolerance: relative gap that is of no interest.
    Returns:
        One target; a list for a module that calls other modules (each innermost one at the input that it truly
        receives, then the whole), and for order=2.
    Raises:
        TargetError: torch is not installed.
        InputError: an input cannot be differentiated, or order=2 is asked for where there is none.

    Example:
        >>> import torch as t
        >>> torch(t.tanh, t.tensor([0.3, -1.2])).name
        'tanh'
    """
    lib = library("torch", "torch")
    if order not in (1, 2):
        raise InputError(f"Expected order to be 1 or 2 but got order={order!r}")
    if isinstance(fn_or_module, lib.nn.Module):
        made = module_targets(
            lib,
            fn_or_module,
            inputs,
            dict(kwargs or {}),
            names=names,
            name=name,
            wide=not as_shipped,
            training=training,
            seed=seed,
            tolerance=tolerance,
            wrt=wrt,
        )
        if order == 2:
            raise InputError("Expected a function for order=2 but got a module; wrap it: lambda x: module(x)")
        return made if len(made) > 1 else made[0]
    if isinstance(fn_or_module, type) and issubclass(fn_or_module, lib.nn.Module):
        raise InputError(
            f"Expected a module but got the class {fn_or_module.__name__}; make one: {fn_or_module.__name__}(...)"
        )
    function, labels, source = _callable(lib, fn_or_module, inputs, names)
    nest: dict[str, Any] = {**dict(zip(labels, inputs, strict=True)), **(kwargs or {})}
    own = list(leaves(nest))

    def run(tensors: list[Any], wide: bool) -> Any:
        rest = iter(tensors)
        given = {n: rebuild(v, lambda _: next(rest)) if is_container(v) else next(rest) for n, v in nest.items()}
        return function(*(given[n] for n in labels), **{n: given[n] for n in (kwargs or {})})

    slots = [slot_of(lib, n, v, wide=not as_shipped) for n, v in own]
    if not as_shipped and not _runs(lib, run, slots, seed):
        shipped = [slot_of(lib, n, v, wide=False) for n, v in own]
        slots = shipped if _runs(lib, run, shipped, seed) else slots
    told: dict[str, Any] = {
        "name": name or name_of(fn_or_module),
        "source": source,
        "subject": fn_or_module,
        "tolerance": tolerance,
        "wrt": _claimed(slots, wrt),
    }
    target = target_of(lib, run, slots, seed=seed, keeps=True, **told)
    if forward_mode or (forward_mode is None and _has_jvp(lib, fn_or_module)):
        target = replace(target, jvp=_jvp(lib, run, slots, seed))
    if not kwargs and all(slot.device is not None and slot.device.type == "cpu" for slot in slots):
        again_told = {"names": labels, "wrt": told["wrt"], "name": name, "tolerance": tolerance, "seed": seed}
        again = partial(_again, forward_mode=forward_mode, as_shipped=as_shipped, **again_told)
        values = tuple(slot.value for slot in slots)
        plain = len(labels) == len(values) and not any(is_container(v) for v in inputs)
        recipe = Recipe("torch", {"f": fn_or_module}, labels, values, again, seed)
        target = replace(target, recipe=recipe if plain else None)
    return target if order == 1 else [target, _second(lib, run, slots, seed, told)]


def _again(things: Mapping[str, Any], arguments: Sequence[Any], **told: Any) -> Target:
    made = torch(things["f"], *arguments, **told)
    assert isinstance(made, Target)
    return made


def _callable(
    lib: Any, thing: Any, inputs: Sequence[Any], names: Sequence[str] | None
) -> tuple[Callable[..., Any], tuple[str, ...], tuple[str, int] | None]:
    """Return (what to call, names of its inputs, where its backward stands)."""
    if _is_function(lib, thing):
        taken = list(inspect.signature(thing.forward).parameters)
        split = thing.setup_context is not lib.autograd.Function.setup_context
        taken = taken if split else taken[1:]
        known = names if names is not None else taken[: len(inputs)] if len(taken) >= len(inputs) else None
        backward = thing.vjp if thing.backward is lib.autograd.Function.backward else thing.backward
        return thing.apply, names_for(_nameless, inputs, known), source_of(backward)
    if not callable(thing):
        raise InputError(f"Expected an autograd.Function, a function or a module but got {type(thing).__name__}")
    # torch.nn.functional's own have no readable signature but a leading "input"
    return thing, names_for(thing, inputs, names), source_of(thing)


def _nameless(*inputs: Any) -> None:
    """Stand in for a function whose signature does not tell its inputs' names."""


def _claimed(slots: Sequence[Slot], wrt: Sequence[str] | None) -> tuple[str, ...] | None:
    if wrt is not None:
        return claimed_names(wrt, [slot.name for slot in slots])
    marked = tuple(slot.name for slot in slots if slot.wanted)
    return marked or None


def _runs(lib: Any, run: Callable[..., Any], slots: Sequence[Slot], seed: int) -> bool:
    """Whether a function takes these inputs at all."""
    tensors = [s.value if s.dtype is None else tensor_of(lib, s.value, s) for s in slots]
    wide = all(s.value.dtype.itemsize >= 8 for s in slots if is_moving(s))
    try:
        with seeded(lib, seed, [s.device for s in slots]):
            run(tensors, wide)
    except Exception:  # the user's code; the check tells what it raises
        return False
    return True


def _has_jvp(lib: Any, thing: Any) -> bool:
    """Whether a Function states a forward-mode derivative of its own."""
    return _is_function(lib, thing) and thing.jvp is not lib.autograd.Function.jvp


def _is_function(lib: Any, thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, lib.autograd.Function)


def _jvp(lib: Any, run: Callable[..., Any], slots: Sequence[Slot], seed: int) -> Callable[..., Any]:
    """Return (inputs, tangents) -> tangent of the outputs, by dual numbers."""

    def jvp(inputs: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
        devices = [s.device for s in slots]
        with seeded(lib, seed, devices), lib.autograd.forward_ad.dual_level():
            given = []
            for value, tangent, slot in zip(inputs, tangents, slots, strict=True):
                tensor = value if slot.dtype is None else tensor_of(lib, value, slot)
                if is_moving(slot):
                    moved = tensor_of(lib, np.asarray(tangent), slot).to(tensor.dtype)
                    tensor = lib.autograd.forward_ad.make_dual(tensor, moved)
                given.append(tensor)
            pushed = []
            for output in tensors_in(lib, run(given, True)):
                if output.is_floating_point() or output.is_complex():
                    dual = lib.autograd.forward_ad.unpack_dual(output)
                    pushed.append(
                        array_of(lib, lib.zeros_like(output) if dual.tangent is None else dual.tangent).copy()
                    )
        return pushed[0] if len(pushed) == 1 else tuple(pushed)

    return jvp


def _second(lib: Any, run: Callable[..., Any], slots: Sequence[Slot], seed: int, told: Mapping[str, Any]) -> Target:
    """Return the target of the gradients as functions of the inputs and of the cotangents."""
    moving = [i for i, slot in enumerate(slots) if is_moving(slot)]
    rng = np.random.default_rng(seed)
    with seeded(lib, seed, [s.device for s in slots]), lib.enable_grad():
        tensors = [s.value if s.dtype is None else tensor_of(lib, s.value, s) for s in slots]
        for i in moving:
            tensors[i].requires_grad_()
        outputs = [o for o in tensors_in(lib, run(_cloned(tensors, moving), True)) if o.requires_grad]
    if not outputs:
        raise InputError(f"{told['name']} has no gradient, so that it has no second one")
    with lib.enable_grad():
        us = [lib.ones_like(o).requires_grad_() for o in outputs]
        found = lib.autograd.grad(outputs, [tensors[i] for i in moving], us, create_graph=True, allow_unused=True)
    if any(g is not None and type(g.grad_fn).__name__ in ("Error", "DelayedError") for g in found):
        raise InputError(f"{told['name']} has no double backward: its backward is marked once_differentiable")
    extra = []
    for i, output in enumerate(outputs):
        y = array_of(lib, output)
        u = np.asarray(off_zero(rng, y.shape).round(2), y.dtype)
        label = "cotangent" if len(outputs) == 1 else f"cotangent.{i}"
        extra.append(Slot(label, u, output.dtype, output.device))

    def gradients(values: list[Any], wide: bool) -> Any:
        own, us = values[: len(slots)], values[len(slots) :]
        tracked = any(v.requires_grad for v in values if isinstance(v, lib.Tensor))
        own = [v.detach().requires_grad_() if i in moving and not v.requires_grad else v for i, v in enumerate(own)]
        ys = [o for o in tensors_in(lib, run(_cloned(own, moving), wide)) if o.requires_grad]
        found = lib.autograd.grad(ys, [own[i] for i in moving], us, create_graph=tracked, allow_unused=True)
        return [g if g is not None else lib.zeros_like(own[i]) for g, i in zip(found, moving, strict=True)]

    all_slots = [*slots, *extra]
    wrt = told["wrt"]
    made = target_of(
        lib,
        gradients,
        all_slots,
        seed=seed,
        keeps=True,
        detached=True,
        **{**told, "name": f"{told['name']}/double backward", "wrt": wrt and (*wrt, *(s.name for s in extra))},
    )
    return made


def _cloned(tensors: Sequence[Any], moving: Sequence[int]) -> list[Any]:
    return [t.clone() if i in moving else t for i, t in enumerate(tensors)]
