"""A tiny character model: each character from the thirty-two before it, with a recurrent layer or with attention."""

import numpy as np

from netcore.jobs.auditing import find_auditor
from netcore.jobs.outcome import Outcome
from netcore.jobs.threads import one_thread
from netcore.layers import GRU, LSTM, Dense, Embedding, LayerNorm, TransformerBlock
from netcore.losses import CrossEntropy
from netcore.model import Model
from netcore.optimisers import Adam, CosineDecay
from netcore.protocol import Array, Layer
from netcore.training import Hook, fit

SPAN = 32  # characters that the model sees

# Written for this file, so that it has no other licence; regular enough to be learnt in seconds.
TEXT = " ".join(
    f"{person} {verb} the {colour} {thing} {place}."
    for person in ("Ada", "Emmy", "Carl", "Sofia", "Henri")
    for verb in ("carries", "paints", "counts", "hides")
    for colour in ("red", "green", "silver")
    for thing in ("lamp", "kettle", "ladder")
    for place in ("in the garden", "by the river", "on the hill")
)


def chars(
    network: str = "gru",
    text: str = TEXT,
    *,
    epochs: int = 6,
    seed: int = 0,
    audit: bool = True,
    progress: bool = False,
) -> Outcome:
    """Train on the first nine tenths of a text, judge on the rest, and write a little.

    The job passes if the held-out characters cost less than half of what they cost a reader who knows only how common
    each character is.

    Args:
        network: "gru", "lstm" or "attention".
        text: at least some hundred characters.
        epochs: how many times to see every window.
        seed: of the weights, the batches and the sample.
        audit: whether to check the gradients now and then.
        progress: whether to show a progress bar.
    """
    alphabet = sorted(set(text))
    ids = np.searchsorted(alphabet, list(text))
    cut = len(ids) * 9 // 10
    x, y = windows_of(ids[:cut], stride=8)
    held_out = windows_of(ids[cut:], stride=SPAN)
    model = Model(layers(network, len(alphabet)), loss=CrossEntropy(), seed=seed)
    model.cast(np.float32)
    auditor = find_auditor() if audit else None
    batches = -(-len(x) // 32)
    with one_thread():
        history = fit(
            model,
            x,
            y,
            epochs=epochs,
            optimiser=Adam(CosineDecay(1e-2 if network != "attention" else 3e-3, epochs * batches)),
            seed=seed,
            clip=1.0,
            validation=held_out,
            hook=None if auditor is None else Hook(auditor, every=batches, share=0.05),
            progress=progress,
        )
    if auditor is not None:
        auditor.finish(model, x, y, epochs * batches)
    counts = np.bincount(ids[:cut], minlength=len(alphabet)) + 1.0
    common = float(-np.mean(np.log(counts / counts.sum())[held_out[1]]))
    reached = history.validation[-1]
    facts = (
        ("network", ", ".join(type(layer).__name__ for layer in model.layers)),
        ("parameters", f"{sum(a.size for mine in model.params for a in mine.values()):,}"),
        ("text", f"{len(text):,} characters, {len(alphabet)} different"),
        ("held-out loss", f"{reached:.3f} nats a character (goal {common / 2:.3f}: half of {common:.3f} by frequency)"),
        ("time", f"{history.seconds:.1f} s, {epochs} epochs"),
        ("sample", repr(sample(model, alphabet, "Ada ", 60, np.random.default_rng(seed)))),
    )
    audits = None if auditor is None else tuple(auditor.audits)
    return Outcome("Characters", facts, history, audits, reached <= common / 2)


def layers(network: str, alphabet: int) -> list[Layer]:
    """Return the layers from ids (batch, time) to scores (batch, time, alphabet)."""
    if network == "attention":
        return [
            Embedding(alphabet, 32, initialiser="glorot"),
            TransformerBlock(32, 4, hidden=64, causal=True, rotary=True),
            TransformerBlock(32, 4, hidden=64, causal=True, rotary=True),
            LayerNorm(32),
            Dense(32, alphabet, initialiser="glorot"),
        ]
    recurrent: Layer = GRU(16, 64) if network == "gru" else LSTM(16, 64)
    return [Embedding(alphabet, 16), recurrent, Dense(64, alphabet, initialiser="glorot")]


def windows_of(ids: Array, stride: int) -> tuple[Array, Array]:
    """Return windows (n, SPAN) of ids and, for each place, the id that comes next."""
    if len(ids) <= SPAN:
        raise ValueError(f"Expected a text of more than {10 * SPAN} characters")
    every = np.lib.stride_tricks.sliding_window_view(ids, SPAN + 1)[::stride]
    return every[:, :-1], every[:, 1:]


def sample(model: Model, alphabet: list[str], start: str, count: int, rng: np.random.Generator) -> str:
    """Return `start` and `count` characters that the model draws, each given the last SPAN."""
    ids = [alphabet.index(c) if c in alphabet else 0 for c in start]
    for _ in range(count):
        scores = model.forward(np.array([ids[-SPAN:]]))[0, -1].astype(np.float64)
        p = np.exp(scores - scores.max())
        ids.append(int(rng.choice(len(alphabet), p=p / p.sum())))
    return "".join(alphabet[i] for i in ids)
