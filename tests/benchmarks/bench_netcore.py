"""Forward and backward of netcore's layers against torch, and against numpy written with loops, on one thread each.

    python tests/benchmarks/bench_netcore.py [--rounds 7]

Every contestant runs once a round, in turn, and the best of its rounds counts, in seconds of the processor rather than
of the clock: the ratios are of one run on one machine, so a machine that is busy or slow moves them little. Outputs are
compared before anything is timed. Goals: at most 3 times torch's time for Dense and attention, 6 times for Conv2d and
LSTM; at least 10 times faster than loops. The loops are over rows, pixels, steps and queries, with whole vectors
inside: plain, but not written to be slow. Where numpy-ml is installed, it takes part too.
"""

import argparse
import time

import numpy as np
import torch
from numpy_ml_layers import layer as numpy_mls
from threadpoolctl import threadpool_limits

import netcore

RNG = np.random.default_rng(0)


def ours(layer, x, seed=None):
    """Return a closure that runs our layer both ways, and its float32 parameters."""
    params = {k: v.astype(np.float32) for k, v in layer.init(np.random.default_rng(1)).items()}
    dy = None

    def call():
        nonlocal dy
        y, cache = layer.forward(params, x, rng=None if seed is None else np.random.default_rng(seed))
        dy = RNG.normal(size=y.shape).astype(np.float32) if dy is None else dy
        layer.backward(params, cache, dy)
        return y

    call()
    return call, params, dy


def torchs(module, x, dy):
    """Return a closure that runs a torch module both ways; all its parameters get gradients."""
    tx, tdy = torch.tensor(x, requires_grad=True), torch.tensor(dy)

    def call():
        tx.grad = None
        module.zero_grad(set_to_none=True)
        y = module(tx)
        y = y[0] if isinstance(y, tuple) else y
        y.backward(tdy)
        return y.detach().numpy()

    return call


def dense():
    x = RNG.normal(size=(128, 512)).astype(np.float32)
    mine, p, dy = ours(netcore.Dense(512, 512, initialiser="glorot"), x)
    module = torch.nn.Linear(512, 512)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(p["W"].T))
        module.bias.copy_(torch.tensor(p["b"][0]))

    def loops():
        """Row by row: one product of a vector and a matrix each way, and an outer product."""
        y, dx = np.empty_like(dy), np.empty_like(x)
        dW, db = np.zeros_like(p["W"]), np.zeros_like(p["b"])
        for i in range(len(x)):
            y[i] = x[i] @ p["W"] + p["b"][0]
        for i in range(len(x)):
            dx[i] = p["W"] @ dy[i]
            dW += np.outer(x[i], dy[i])
            db += dy[i]
        return y

    return mine, torchs(module, x, dy), loops, numpy_mls("Dense", p, x, dy)


def conv2d():
    x = RNG.normal(size=(16, 16, 24, 24)).astype(np.float32)
    mine, p, dy = ours(netcore.Conv2d(16, 32, 3, padding=1), x)
    module = torch.nn.Conv2d(16, 32, 3, padding=1)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(p["W"]))
        module.bias.copy_(torch.tensor(p["b"]))

    def loops():
        """Image by image and pixel by pixel, each pixel a product of its window with all kernels."""
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        W = p["W"].reshape(32, -1)
        y, dpadded, dW = np.empty_like(dy), np.zeros_like(padded), np.zeros_like(W)
        for n in range(16):
            for i in range(24):
                for j in range(24):
                    y[n, :, i, j] = W @ padded[n, :, i : i + 3, j : j + 3].ravel() + p["b"]
        for n in range(16):
            for i in range(24):
                for j in range(24):
                    g = dy[n, :, i, j]
                    dW += np.outer(g, padded[n, :, i : i + 3, j : j + 3])
                    dpadded[n, :, i : i + 3, j : j + 3] += (g @ W).reshape(16, 3, 3)
        return y

    return mine, torchs(module, x, dy), loops, numpy_mls("Conv2d", p, x, dy)


def lstm():
    x = RNG.normal(size=(32, 40, 64)).astype(np.float32)
    n = 128
    mine, p, dy = ours(netcore.LSTM(64, n), x)
    module = torch.nn.LSTM(64, n, batch_first=True)
    order = np.r_[0 : 2 * n, 3 * n : 4 * n, 2 * n : 3 * n]  # torch: i, f, g, o; ours: i, f, o, g
    with torch.no_grad():
        module.weight_ih_l0.copy_(torch.tensor(p["W"][:, order].T))
        module.weight_hh_l0.copy_(torch.tensor(p["U"][:, order].T))
        module.bias_ih_l0.copy_(torch.tensor(p["b"][0, order]))
        module.bias_hh_l0.zero_()

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def loops():
        """Sequence by sequence and step by step, each step products of vectors and matrices."""
        y = np.empty_like(dy)
        dW, dU, db = np.zeros_like(p["W"]), np.zeros_like(p["U"]), np.zeros_like(p["b"])
        for row in range(len(x)):
            h, c, kept = np.zeros(n, np.float32), np.zeros(n, np.float32), []
            for t in range(x.shape[1]):
                z = x[row, t] @ p["W"] + h @ p["U"] + p["b"][0]
                i, f, o, g = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n]), np.tanh(z[3 * n :])
                before, c = c, f * c + i * g
                kept.append((h, before, c, i, f, o, g))
                h = o * np.tanh(c)
                y[row, t] = h
            dh, dc = np.zeros(n, np.float32), np.zeros(n, np.float32)
            for t in reversed(range(x.shape[1])):
                h, before, c, i, f, o, g = kept[t]
                dh = dh + dy[row, t]
                dc = dc + dh * o * (1 - np.tanh(c) ** 2)
                do = dh * np.tanh(c) * o * (1 - o)
                dz = np.concatenate([dc * g * i * (1 - i), dc * before * f * (1 - f), do, dc * i * (1 - g * g)])
                dW += np.outer(x[row, t], dz)
                dU += np.outer(h, dz)
                db += dz
                dh, dc = p["U"] @ dz, dc * f
        return y

    return mine, torchs(module, x, dy), loops, numpy_mls("LSTM", p, x, dy)


def attention():
    batch, steps, n, heads = 8, 64, 128, 8
    x = RNG.normal(size=(batch, steps, n)).astype(np.float32)
    mine, p, dy = ours(netcore.MultiHeadAttention(n, heads), x)
    inner = torch.nn.MultiheadAttention(n, heads, batch_first=True)
    with torch.no_grad():
        inner.in_proj_weight.copy_(torch.tensor(p["W"].T))
        inner.in_proj_bias.copy_(torch.tensor(p["b"][0]))
        inner.out_proj.weight.copy_(torch.tensor(p["V"].T))
        inner.out_proj.bias.copy_(torch.tensor(p["c"][0]))

    class ToItself(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return self.inner(x, x, x, need_weights=False)[0]

    def loops():
        """Sequence by sequence, head by head and query by query."""
        d = n // heads
        y, dx = np.empty_like(dy), np.zeros_like(x)
        dW, dV = np.zeros_like(p["W"]), np.zeros_like(p["V"])
        for b in range(batch):
            qkv = x[b] @ p["W"] + p["b"]
            merged, dqkv = np.empty((steps, n), np.float32), np.zeros_like(qkv)
            dmerged = dy[b] @ p["V"].T
            for h in range(heads):
                q, k, v = (qkv[:, part * n + h * d : part * n + (h + 1) * d] for part in range(3))
                dq, dk, dv = (dqkv[:, part * n + h * d : part * n + (h + 1) * d] for part in range(3))
                for t in range(steps):
                    s = k @ q[t] / np.float32(d**0.5)
                    w = np.exp(s - s.max())
                    w /= w.sum()
                    merged[t, h * d : (h + 1) * d] = w @ v
                    g = dmerged[t, h * d : (h + 1) * d]
                    dv += np.outer(w, g)
                    dw = v @ g
                    ds = w * (dw - w @ dw) / np.float32(d**0.5)
                    dq[t] += ds @ k
                    dk += np.outer(ds, q[t])
            y[b] = merged @ p["V"] + p["c"]
            dV += merged.T @ dy[b]
            dW += x[b].T @ dqkv
            dx[b] = dqkv @ p["W"].T
        return y

    return mine, torchs(ToItself(), x, dy), loops, None


def batch_norm():
    x = RNG.normal(size=(32, 32, 16, 16)).astype(np.float32)
    mine, p, dy = ours(netcore.BatchNorm(32), x, seed=0)
    module = torch.nn.BatchNorm2d(32)

    def loops():
        """Image by image within channel by channel."""
        y, dx = np.empty_like(x), np.empty_like(x)
        count = x[:, 0].size
        for c in range(x.shape[1]):
            mean = sum(float(x[i, c].sum()) for i in range(len(x))) / count
            variance = sum(float(((x[i, c] - mean) ** 2).sum()) for i in range(len(x))) / count
            scale = (variance + 1e-5) ** -0.5
            for i in range(len(x)):
                y[i, c] = (x[i, c] - mean) * scale
            m1 = sum(float(dy[i, c].sum()) for i in range(len(x))) / count
            m2 = sum(float((dy[i, c] * y[i, c]).sum()) for i in range(len(x))) / count
            for i in range(len(x)):
                dx[i, c] = (dy[i, c] - m1 - y[i, c] * m2) * scale
        return y

    return mine, torchs(module, x, dy), loops, numpy_mls("BatchNorm", p, x, dy)


CASES = {"Dense": dense, "Conv2d": conv2d, "LSTM": lstm, "MultiHeadAttention": attention, "BatchNorm": batch_norm}


def best(calls, rounds):
    """Return the shortest time of each call, the calls taking turns; infinity for what does not take part."""
    found = [float("inf")] * len(calls)
    for _ in range(rounds):
        for k, call in enumerate(calls):
            if call is None:
                continue
            repeats = 1 if k == 2 else 5  # loops are slow enough to be timed alone
            start = time.process_time()
            for _ in range(repeats):
                call()
            found[k] = min(found[k], (time.process_time() - start) / repeats)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=CASES, nargs="*", default=list(CASES))
    options = parser.parse_args()
    torch.set_num_threads(1)
    titles = ("netcore", "torch", "loops", "numpy-ml")
    print(f"{'forward + backward':<20}", *(f"{title:>10}" for title in titles), "  / torch  loops / numpy-ml /")
    with threadpool_limits(1):
        for name in options.only:
            calls = CASES[name]()
            results = [call() for call in calls if call is not None]
            for other in results[1:]:
                np.testing.assert_allclose(results[0], other, rtol=1e-3, atol=1e-4)
            times = best(calls, options.rounds)
            ratios = times[0] / times[1], times[2] / times[0], times[3] / times[0]
            shown = (f"{1e3 * t:8.2f}ms" if t < float("inf") else f"{'':>10}" for t in times)
            print(f"{name:<20}", *shown, *(f"{r:8.1f}x" if r < float("inf") else "" for r in ratios))


if __name__ == "__main__":
    main()
