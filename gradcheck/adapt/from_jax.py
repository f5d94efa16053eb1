"""JAX: functions with custom or derived derivatives, both modes, in float64 without touching the user's settings."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapt.claimed import claimed_names
from gradcheck.adapt.forward_mode import jvp as adapt_jvp
from gradcheck.adapt.importing import library
from gradcheck.adapt.vjp import name_of, names_for
from gradcheck.errors import InputError
from gradcheck.point import Point, validated
from gradcheck.recipe import Recipe
from gradcheck.target import Pullback, Target, source_of
from gradcheck.tree import leaves, rebuild

__all__ = ["jax"]


def jax(
    f: Callable[..., Any],
    *inputs: Any,
    kwargs: Mapping[str, Any] | None = None,
    names: Sequence[str] | None = None,
    name: str | None = None,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    modes: Sequence[str] | None = None,
    as_shipped: bool = False,
    tolerance: float | None = None,
) -> Target | list[Target]:
    """Claim what JAX makes of a function: its vector-Jacobian products, and its Jacobian-vector products too.

    Args:
        f: (*inputs) -> array or pytree; custom_vjp, custom_jvp, jitted or plain.
        inputs: arrays, pytrees of arrays, or constants. Integers, booleans, numbers and strings are handed on.
        kwargs: handed on by name, as constants.
        names: one an input; taken from the signature.
        name: of the target.
        wrt: inputs whose gradients are claimed; None for every floating-point one.
        order: 2 claims the gradient's own derivatives as well, and so on: one target an order.
        modes: "rev", "fwd" or both; None for those that the function has (a custom_vjp has no forward mode, a
            while_loop no reverse mode). With both, each is checked against the other too.
        as_shipped: judge float32 and below at its own precision instead of float64 inputs.
        tolerance: relative gap that is of no interest.
    Returns:
        One target; a list for a higher order.
    Raises:
        TargetError: JAX is not installed.
        InputError: an input cannot be differentiated.

    Example:
        >>> import jax.numpy as jnp
        >>> jax(lambda x: {"y": jnp.sin(x)}, np.array([0.3, -1.2]), name="sine").point.names
        ('x',)
    """
    lib = library("jax", "jax")
    known = ("rev", "fwd")
    if modes is not None and (not modes or any(mode not in known for mode in modes)):
        raise InputError(f'Expected modes to hold "rev", "fwd" or both but got modes={modes!r}')
    if order < 1:
        raise InputError(f"Expected order to be 1 or more but got order={order!r}")
    labels = _labels(f, inputs, names)
    named, values, build = _opened(lib, labels, inputs, wide=not as_shipped)
    told = dict(kwargs or {})

    def plain(*flat: Any) -> Any:
        return f(*build(flat), **told)

    name = name or name_of(_inner(f))
    made = []
    for k in range(1, order + 1):
        if k > 1:
            plain, named, values = _gradient_of(lib, plain, named, values)
        target = _target(lib, plain, named, values, name if k == 1 else f"{name}/order {k}", modes, wrt, tolerance)
        made.append(replace(target, source=source_of(_backward_of(f)), subject=f))
    if not kwargs and tuple(named) == labels and all(isinstance(v, np.ndarray) for v in values):
        kept: dict[str, Any] = {"names": labels, "name": name, "wrt": wrt, "modes": modes, "tolerance": tolerance}
        again = partial(_again, as_shipped=as_shipped, **kept)
        made[0] = replace(made[0], recipe=Recipe("jax", {"f": f}, labels, tuple(values), again))
    return made if order > 1 else made[0]


def _again(things: Mapping[str, Any], arguments: Sequence[Any], **told: Any) -> Target:
    made = jax(things["f"], *arguments, **told)
    assert isinstance(made, Target)
    return made


def _target(
    lib: Any,
    f: Callable[..., Any],
    names: Sequence[str],
    values: Sequence[Any],
    name: str,
    modes: Sequence[str] | None,
    wrt: Sequence[str] | None,
    tolerance: float | None,
) -> Target:
    """Return the target of a function of flat arrays."""
    point = Point(tuple(names), tuple(values))
    moving = [i for i, value in enumerate(values) if isinstance(value, np.ndarray) and value.dtype.kind in "fc"]

    def split(flat: Sequence[Any]) -> tuple[Callable[..., Any], list[Any]]:
        tensors = _narrowed(lib, flat, values)

        def partial(*own: Any) -> Any:
            full = list(tensors)
            for i, value in zip(moving, own, strict=True):
                full[i] = value
            return f(*full)

        return partial, [tensors[i] for i in moving]

    def forward(*flat: Any) -> Any:
        with _wide(lib):
            return _arrays(lib, f(*_narrowed(lib, flat, values)))

    def linearize(*flat: Any) -> tuple[Any, Pullback]:
        with _wide(lib):
            partial, own = split(flat)
            outputs, back = lib.vjp(partial, *own)

        def pullback(cotangent: Any) -> Mapping[str, Any]:
            with _wide(lib):
                gradients = back(_cotangent(lib, outputs, cotangent))
                found: dict[str, Any] = dict.fromkeys(names)
                # JAX transposes without conjugating; the gradient of Re Σ ū y is the conjugate of what it answers
                found.update({names[i]: _array(lib, g).conj() for i, g in zip(moving, gradients, strict=True)})
                return found

        return _arrays(lib, outputs), pullback

    def jvp(inputs: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
        with _wide(lib):
            partial, own = split(inputs)
            along = [lib.numpy.asarray(tangents[i]).astype(x.dtype) for i, x in zip(moving, own, strict=True)]
            return _arrays(lib, lib.jvp(partial, tuple(own), tuple(along))[1])

    has = _has(lib, linearize, jvp, point, modes)
    claimed = claimed_names(wrt, names)
    if claimed is None and has["rev"]:
        claimed = point.blocks
    narrow = any(_is_bfloat(value) for value in values)
    target = Target(
        name=name,
        point=point,
        forward=forward,
        linearize=linearize,
        wrt=claimed,
        jvp=jvp if has["fwd"] and has["rev"] else None,
        tolerance=tolerance,
        spacing=2.0**-7 if narrow else None,
        autograd="jax",
    )
    if has["rev"]:
        return target
    return adapt_jvp(forward, jvp, *values, names=names, name=name, tolerance=tolerance)


def _has(lib: Any, linearize: Any, jvp: Any, point: Point, modes: Sequence[str] | None) -> dict[str, bool]:
    """Return which modes a function has, of those asked for."""
    if modes is not None:
        return {mode: mode in modes for mode in ("rev", "fwd")}
    found = {"rev": True, "fwd": True}
    tangents = tuple(np.ones_like(v) if isinstance(v, np.ndarray) else 0.0 for v in point.values)
    try:
        jvp(tuple(point.copies()), tangents)
    except Exception:  # a custom_vjp has none; whatever else is raised, reverse mode will tell
        found["fwd"] = False
    try:
        outputs, pullback = linearize(*point.copies())
        pullback(rebuild(outputs, np.ones_like))
    except ValueError as error:  # "Reverse-mode differentiation does not work for lax.while_loop"
        found["rev"] = not ("everse-mode" in str(error) and found["fwd"])
    except Exception:  # the user's code; the check tells what it raises
        pass
    return found


def _gradient_of(
    lib: Any, f: Callable[..., Any], names: Sequence[str], values: Sequence[Any]
) -> tuple[Callable[..., Any], list[str], list[Any]]:
    """Return (inputs and cotangent) -> gradients, as a function of its own, with where to look at it."""
    moving = [i for i, value in enumerate(values) if isinstance(value, np.ndarray) and value.dtype.kind in "fc"]
    with _wide(lib):
        outputs = [y for y in lib.tree_util.tree_leaves(f(*_narrowed(lib, values, values))) if _is_float(lib, y)]
    rng = np.random.default_rng(len(names))
    us = [
        np.asarray(rng.choice([-1.0, 1.0], y.shape) * rng.uniform(0.5, 1.5, y.shape)).astype(y.dtype) for y in outputs
    ]
    count = len(values)

    def gradients(*flat: Any) -> Any:
        own, cotangents = flat[:count], flat[count:]

        def floats(*moved: Any) -> Any:
            full = list(own)
            for i, value in zip(moving, moved, strict=True):
                full[i] = value
            return [y for y in lib.tree_util.tree_leaves(f(*full)) if _is_float(lib, y)]

        _, back = lib.vjp(floats, *[own[i] for i in moving])
        return back(list(cotangents))

    stem = "cotangent"
    while stem in {n.partition(".")[0] for n in names}:
        stem += "'"
    return gradients, [*names, *(f"{stem}.{i}" for i in range(len(us)))], [*values, *us]


def _labels(f: Callable[..., Any], inputs: Sequence[Any], names: Sequence[str] | None) -> tuple[str, ...]:
    try:
        inspect.signature(f)
    except (TypeError, ValueError):
        f = _inner(f)
    return names_for(f, inputs, names)


def _inner(f: Any) -> Any:
    """Return the user's own function inside jit, custom_vjp and the like."""
    seen = 0
    while hasattr(f, "__wrapped__") and seen < 10:
        f, seen = f.__wrapped__, seen + 1
    return getattr(f, "fun", f)


def _backward_of(f: Any) -> Any:
    """Return where a derivative stands: the backward of a custom_vjp, the rule of a custom_jvp, else the function."""
    for own in (f, getattr(f, "__wrapped__", None)):
        for rule in ("bwd", "jvp"):
            found = getattr(own, rule, None)
            if type(own).__name__ in ("custom_vjp", "custom_jvp") and callable(found):
                return found
    return _inner(f)


def _opened(
    lib: Any, labels: Sequence[str], inputs: Sequence[Any], *, wide: bool
) -> tuple[list[str], list[Any], Callable[[Sequence[Any]], list[Any]]]:
    """Return (names, values, function that builds the inputs from flat values) of pytrees."""
    names: list[str] = []
    values: list[Any] = []
    trees: list[tuple[int, Any]] = []
    for label, value in zip(labels, inputs, strict=True):
        paths, tree = lib.tree_util.tree_flatten_with_path(value, is_leaf=lambda v: v is None)
        trees.append((len(paths), tree))
        for path, leaf in paths:
            names.append(label + "".join(f".{_key(part)}" for part in path))
            values.append(_value(lib, names[-1], leaf, wide))

    def build(flat: Sequence[Any]) -> list[Any]:
        rest, built = list(flat), []
        for count, tree in trees:
            built.append(lib.tree_util.tree_unflatten(tree, rest[:count]))
            rest = rest[count:]
        return built

    return names, values, build


def _key(part: Any) -> str:
    return str(next(getattr(part, a) for a in ("key", "idx", "name") if hasattr(part, a)))


def _value(lib: Any, name: str, leaf: Any, wide: bool) -> Any:
    if not isinstance(leaf, (np.ndarray, np.generic, lib.Array)):
        return leaf  # numbers and flags steer a function; they are not moved
    if lib.dtypes.issubdtype(leaf.dtype, lib.dtypes.prng_key):
        return leaf
    array = np.array(leaf)
    if _is_bfloat(array):
        array = array.astype(np.float64) if wide else array.astype(np.float32)
    if wide and array.dtype.kind in "fc":
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return validated(name, array)


def _is_bfloat(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "name", "") == "bfloat16"


def _is_float(lib: Any, leaf: Any) -> bool:
    return bool(lib.numpy.issubdtype(lib.numpy.asarray(leaf).dtype, lib.numpy.inexact))


def _narrowed(lib: Any, flat: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """Return the arrays as JAX's."""
    return [lib.numpy.asarray(v) if isinstance(v, (np.ndarray, np.generic)) else v for v in flat]


def _cotangent(lib: Any, outputs: Any, cotangent: Any) -> Any:
    """Return a cotangent in the structure of the outputs; integer outputs have none (float0)."""
    ys, tree = lib.tree_util.tree_flatten(outputs)
    given = iter([u for _, u in leaves(cotangent)])
    built = [
        lib.numpy.asarray(next(given)).astype(y.dtype).conj()
        if _is_float(lib, y)
        else np.zeros(np.shape(y), lib.dtypes.float0)
        for y in ys
    ]
    return lib.tree_util.tree_unflatten(tree, built)


def _arrays(lib: Any, outputs: Any) -> Any:
    """Return the floating-point outputs, or their tangents, as numpy's: a tuple where there are several."""
    ys = lib.tree_util.tree_leaves(outputs)
    found = [_array(lib, y) for y in ys if getattr(y, "dtype", None) != lib.dtypes.float0 and _is_float(lib, y)]
    return found[0] if len(found) == 1 else tuple(found)


def _array(lib: Any, leaf: Any) -> Any:
    array = np.asarray(leaf)
    return array.astype(np.float32) if _is_bfloat(array) else array


@contextlib.contextmanager
def _wide(lib: Any) -> Iterator[None]:
    """Allow float64 inside, whatever the user's setting; it is thread-local and restored."""
    switch = getattr(lib, "enable_x64", None)
    if switch is None:  # before 0.8
        switch = library("jax.experimental", "jax").enable_x64
    with switch(True):
        yield
