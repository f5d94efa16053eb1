"""Handwritten digits: scikit-learn's 1,797 images of 8 by 8 pixels, a fifth of them held out.

The networks are smooth, GELU and average pooling, so that their gradients can be verified to the last digits: a ReLU at
exactly 0 (a blank pixel under a bias of 0) and a maximum of equals have no derivative to verify.
"""

import numpy as np

from netcore.activations import GELU
from netcore.jobs.auditing import find_auditor
from netcore.jobs.outcome import Outcome
from netcore.jobs.threads import one_thread
from netcore.layers import AvgPool2d, Conv2d, Dense, Dropout, Flatten
from netcore.losses import CrossEntropy
from netcore.model import Model
from netcore.optimisers import Adam, CosineDecay
from netcore.protocol import Array, Layer
from netcore.training import Hook, fit

GOAL = 0.97  # of the held-out digits


def digits(
    network: str = "conv", *, epochs: int = 20, seed: int = 0, audit: bool = True, progress: bool = False
) -> Outcome:
    """Train on four fifths of the digits and judge on the rest.

    Args:
        network: "conv" or "dense".
        epochs: how many times to see every training image.
        seed: of the split, the weights and the batches.
        audit: whether to check the gradients now and then.
        progress: whether to show a progress bar.
    """
    (x, y), held_out = load_digits(seed)
    model = Model(layers(network), loss=CrossEntropy(), seed=seed)
    model.cast(np.float32)
    auditor = find_auditor() if audit else None
    batch, batches = 32, -(-len(x) // 32)
    with one_thread():
        history = fit(
            model,
            x,
            y,
            epochs=epochs,
            batch=batch,
            optimiser=Adam(CosineDecay(3e-3, epochs * batches)),
            seed=seed,
            validation=held_out,
            metric=accuracy,
            hook=None if auditor is None else Hook(auditor, every=batches, share=0.05),
            progress=progress,
        )
    if auditor is not None:
        auditor.finish(model, x, y, epochs * batches)
    reached = history.metric[-1]
    facts = (
        ("network", ", ".join(type(layer).__name__ for layer in model.layers)),
        ("parameters", f"{sum(a.size for mine in model.params for a in mine.values()):,}"),
        ("images", f"{len(x)} to learn from, {len(held_out[0])} held out"),
        ("accuracy", f"{reached:.2%} of the held-out digits (goal {GOAL:.0%})"),
        ("time", f"{history.seconds:.1f} s, {epochs} epochs"),
    )
    audits = None if auditor is None else tuple(auditor.audits)
    return Outcome("Handwritten digits", facts, history, audits, reached >= GOAL)


def layers(network: str) -> list[Layer]:
    """Return the layers of a small network for (batch, 1, 8, 8)."""
    if network == "dense":
        return [Flatten(), Dense(64, 64, initialiser="he"), GELU(), Dense(64, 10, initialiser="glorot")]
    return [
        Conv2d(1, 16, 3, padding=1),
        GELU(),
        Conv2d(16, 32, 3, padding=1),
        GELU(),
        AvgPool2d(2),
        Flatten(),
        Dropout(0.3),
        Dense(512, 10, initialiser="glorot"),
    ]


def load_digits(seed: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return (images, labels) to learn from and to judge by: (n, 1, 8, 8) float32 in [0, 1], (n,) integers."""
    from sklearn.datasets import load_digits as bundled  # type: ignore[import-untyped]  # an extra; it has no stubs

    images, labels = bundled(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(images))
    x = (images[order] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    y = labels[order]
    cut = len(x) * 4 // 5
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def accuracy(y: Array, y_hat: Array) -> float:
    """Return the share of rows whose largest score is at their label."""
    return float(np.mean(y_hat.argmax(axis=-1) == y))
