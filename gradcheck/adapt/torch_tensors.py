"""torch functions over numpy arrays: conversion, seeding, and the Target of anything that takes tensors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from gradcheck.errors import InputError
from gradcheck.point import Point, validated
from gradcheck.target import Pullback, Target

__all__ = ["Slot", "array_of", "is_moving", "seeded", "slot_of", "target_of", "tensors_in"]

Run = Callable[[list[Any], bool], Any]  # (one tensor or constant a slot, whether in float64) -> outputs


@dataclass(frozen=True)
class Slot:
    """One input: where its array goes when it becomes a tensor again.

    Args:
        name: of the input.
        value: array for the point, or a constant.
        dtype: torch's, as the user had it; None for constants.
        device: where the tensor lives; None for constants.
        wanted: whether the user marked it with requires_grad.
    """

    name: str
    value: Any
    dtype: Any = None
    device: Any = None
    wanted: bool = False


def slot_of(torch: Any, name: str, value: Any, *, wide: bool) -> Slot:
    """Return the slot of an input; float tensors and float arrays can be moved, the rest is constant.

    Args:
        torch: the library.
        name: of the input.
        value: tensor, array or anything else.
        wide: widen float16, bfloat16 and float32 to float64.
    Raises:
        InputError: it is sparse, quantized, empty, NaN, ...
    """
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(value)
    if not isinstance(value, torch.Tensor):
        return Slot(name, value)
    if value.layout is not torch.strided or value.is_quantized:
        kind = "quantized" if value.is_quantized else str(value.layout).removeprefix("torch.")
        raise InputError(f"Expected a dense tensor for {name} but got a {kind} one: steps are taken in dense arrays")
    array = array_of(torch, value)
    if wide and array.dtype.kind in "fc":
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    # an own copy: what the check does to it must not reach the user's tensor
    return Slot(name, validated(name, np.array(array)), value.dtype, value.device, bool(value.requires_grad))


def array_of(torch: Any, tensor: Any) -> Any:
    """Return a tensor as an array, memory shared where it can be; bfloat16 as float32, which holds it exactly."""
    tensor = tensor.detach()
    if tensor._is_zerotensor():  # an efficient zero that has no memory
        tensor = torch.zeros(tensor.shape, dtype=tensor.dtype, device=tensor.device)
    if tensor.is_sparse or tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.dtype is torch.bfloat16 or str(tensor.dtype).startswith("torch.float8"):
        tensor = tensor.to(torch.float32)
    elif tensor.dtype is torch.complex32:
        tensor = tensor.to(torch.complex64)
    return tensor.cpu().resolve_conj().resolve_neg().numpy()


def tensor_of(torch: Any, array: Any, slot: Slot) -> Any:
    """Return a fresh tensor on the slot's device, narrowed to the slot's dtype where the array stands for it."""
    tensor = torch.as_tensor(np.array(array, order="K"))  # a fresh one: in-place operations are lawful in torch
    if slot.dtype is torch.bfloat16 and tensor.dtype is torch.float32:
        tensor = tensor.to(torch.bfloat16)
    return tensor.to(slot.device)


def is_moving(slot: Slot) -> bool:
    """Whether a derivative can be taken with respect to a slot."""
    return isinstance(slot.value, np.ndarray) and slot.dtype is not None and slot.value.dtype.kind in "fc"


def tensors_in(torch: Any, value: Any) -> Iterator[Any]:
    """Yield the tensors of a nest: tuples, lists, mappings, dataclasses."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(torch, item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(torch, item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from tensors_in(torch, getattr(value, field.name))


@contextlib.contextmanager
def seeded(torch: Any, seed: int, devices: Sequence[Any]) -> Iterator[None]:
    """Draw from the same random numbers in every call, and leave the user's generators as they were."""
    cuda = sorted({d.index or 0 for d in devices if d is not None and d.type == "cuda"})
    generators = [torch.default_generator, *(torch.cuda.default_generators[i] for i in cuda)]
    states = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed(seed)
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


def target_of(
    torch: Any,
    run: Run,
    slots: Sequence[Slot],
    *,
    seed: int,
    keeps: bool,
    detached: bool = False,
    **told: Any,
) -> Target:
    """Return the target of a function of tensors.

    Args:
        torch: the library.
        run: (tensors and constants, whether in float64) -> a nest of tensors.
        slots: the inputs.
        seed: of torch's generators, in every forward; a backward gets other numbers, as it would in training.
        keeps: the function promises not to write into its inputs, unless it returns them.
        detached: outputs that need no gradient count all the same (they claim zero).
        told: the remaining fields of the target.
    """
    devices = [slot.device for slot in slots]
    native = {slot.value.dtype for slot in slots if is_moving(slot)}
    claimed = told.get("wrt")
    # what is not claimed needs no gradient: a function may refuse to be differentiated with respect to its target
    rooted = [is_moving(slot) and (claimed is None or slot.name in claimed) for slot in slots]

    def show(flat: Sequence[Any], given: Sequence[Any], before: Sequence[int], outputs: Sequence[Any]) -> None:
        """Write what was written into tensors into the caller's arrays, so that these show it."""
        for array, tensor, version, slot in zip(flat, given, before, slots, strict=True):
            written = slot.dtype is not None and _written(torch, tensor, version, array)
            if written and not any(o is tensor or (o._is_view() and o._base is tensor) for o in outputs):
                np.copyto(array, array_of(torch, tensor), casting="unsafe")

    def call(flat: Sequence[Any], tracked: bool) -> tuple[list[Any], list[Any], list[Any]]:
        inputs = [a if s.dtype is None else tensor_of(torch, a, s) for a, s in zip(flat, slots, strict=True)]
        roots = [t.requires_grad_() if tracked and r else t for t, r in zip(inputs, rooted, strict=True)]
        # a clone, because leaves refuse operations in place
        given = [t.clone() if tracked and r else t for t, r in zip(roots, rooted, strict=True)]
        before = [t._version if s.dtype is not None else 0 for t, s in zip(given, slots, strict=True)]
        wide = any(a.dtype not in native for a, s in zip(flat, slots, strict=True) if is_moving(s))
        with seeded(torch, seed, devices), torch.inference_mode(False), torch.enable_grad():
            outputs = list(tensors_in(torch, run(list(given), wide or native <= _WIDE)))
        if keeps:
            show(flat, given, before, outputs)
        return outputs, roots, given

    chosen = _chosen(torch, call, slots, detached)

    def selected(outputs: list[Any]) -> list[Any]:
        return [o for i, o in enumerate(outputs) if chosen is None or i in chosen]

    def forward(*flat: Any) -> Any:
        arrays = [array_of(torch, o) for o in selected(call(flat, False)[0])]
        return arrays[0] if len(arrays) == 1 else tuple(arrays)

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        whole, roots, tensors = call(flat, True)
        outputs, versions = (
            selected(whole),
            [t._version if s.dtype is not None else 0 for t, s in zip(tensors, slots, strict=True)],
        )
        moving = [i for i, root in enumerate(rooted) if root]

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            given = list(cotangent) if len(outputs) != 1 else [cotangent]
            pairs = [
                (o, torch.as_tensor(np.asarray(u)).to(device=o.device, dtype=o.dtype))
                for o, u in zip(outputs, given, strict=True)
                if o.requires_grad
            ]
            found = {slot.name: None for slot in slots}
            if not pairs:
                return found
            with seeded(torch, seed + 1, devices):
                gradients = torch.autograd.grad(
                    [o for o, _ in pairs],
                    [roots[i] for i in moving],
                    [u for _, u in pairs],
                    retain_graph=True,
                    allow_unused=True,
                )
            if keeps:  # a backward may write into what it has saved
                show(flat, tensors, versions, whole)
            for i, gradient in zip(moving, gradients, strict=True):
                found[slots[i].name] = None if gradient is None else array_of(torch, gradient)
            return found

        arrays = [array_of(torch, o) for o in outputs]
        return arrays[0] if len(arrays) == 1 else tuple(arrays), pullback

    values = tuple(slot.value for slot in slots)
    if any(slot.dtype is torch.bfloat16 and slot.value.dtype == np.float32 for slot in slots if is_moving(slot)):
        told["spacing"] = 2.0**-7
    return Target(
        point=Point(tuple(s.name for s in slots), values),
        forward=forward,
        linearize=linearize,
        autograd="torch",
        **told,
    )


_WIDE = {np.dtype(np.float64), np.dtype(np.complex128)}


def _chosen(torch: Any, call: Callable[..., Any], slots: Sequence[Slot], detached: bool) -> set[int] | None:
    """Return the positions of the outputs that a gradient is claimed for, None for all of them.

    Outputs that carry no gradient beside others that do were declared not differentiable (`mark_non_differentiable`,
    `detach`); where none does, nothing was declared and all of them are looked at.
    """
    if detached:
        return None
    try:
        outputs = call(Point(tuple(s.name for s in slots), tuple(s.value for s in slots)).copies(), True)[0]
    except InputError:
        raise
    except Exception:  # whatever the user's code raises is told by the check, as RAISED
        return None
    return {i for i, output in enumerate(outputs) if output.requires_grad} or None


def _written(torch: Any, tensor: Any, version: int, array: Any) -> bool:
    if tensor._version != version:
        return True
    same = array_of(torch, tensor)  # writes through .data or .numpy() leave the version as it was
    return bool(same.dtype == array.dtype and same.tobytes() != array.tobytes())
