"""The parts of a program that are torch's or JAX's: a forward on numpy arrays, and the gradient that it claims."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["claim", "forward", "imports"]


def imports(kind: str) -> list[str]:
    """Return the lines that load a framework, in float64."""
    return ["import torch"] if kind == "torch" else ["import jax", 'jax.config.update("jax_enable_x64", True)']


def forward(kind: str, given: Sequence[str], call: str, seed: int | None) -> str:
    """Return the definition of a function of arrays.

    Args:
        kind: "torch" or "jax".
        given: names of the arrays.
        call: what is called, "f" or "f.apply".
        seed: of torch's random numbers.
    """
    head = f"def forward({', '.join(given)}):"
    if kind == "jax":
        return f"{head}\n    return np.asarray({call}({', '.join(given)}))"
    tensors = ", ".join(f"torch.tensor({name})" for name in given)
    return f"{head}\n    torch.manual_seed({seed})\n    return {call}({tensors}).detach().numpy()"


def claim(kind: str, given: Sequence[str], call: str, position: int, dy: str, seed: int | None) -> tuple[str, str]:
    """Return (lines, expression) of the gradient of one array."""
    if kind == "jax":
        return f"y, pullback = jax.vjp({call}, {', '.join(given)})", f"np.asarray(pullback({dy})[{position}])"
    weight = f", torch.tensor({dy})" if dy == "dy" else ""
    lines = [
        f"tensors = [{', '.join(f'torch.tensor({name})' for name in given)}]",
        f"tensors[{position}].requires_grad_()",
        f"torch.manual_seed({seed})",
        f"[grad] = torch.autograd.grad({call}(*tensors), [tensors[{position}]]{weight})",
    ]
    return "\n".join(lines), "grad.numpy()"
