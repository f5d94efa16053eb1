import numpy as np
from thinc.api import LSTM, with_padded

rng = np.random.default_rng(0)
Xs = [rng.normal(size=(n, 5)).astype("f") for n in (3, 4)]
U = [rng.normal(size=(n, 3)).astype("f") for n in (3, 4)]
model = with_padded(LSTM(3, 5)).initialize(X=Xs)
node = next(n for n in model.walk() if n.has_param("LSTM"))
W = node.get_param("LSTM").copy()


def phi(t, V, k):  # <U, model> along X, or along the parameters
    node.set_param("LSTM", W + np.float32(t) * V if k == "W" else W)
    moved = [x + np.float32(t) * v for x, v in zip(Xs, V)] if k == "X" else Xs
    return sum(float((u * y).sum(dtype="d")) for u, y in zip(U, model(moved, is_train=True)[0]))


_, backprop = model(Xs, is_train=True)
dX = backprop([u.copy() for u in U])
dW = node.get_grad("LSTM").copy()
V = [rng.normal(size=x.shape).astype("f") for x in Xs]
print("X: claimed", sum(float((d * v).sum()) for d, v in zip(dX, V)))
print("X: central differences", [(phi(h, V, "X") - phi(-h, V, "X")) / (2 * h) for h in (3e-2, 1e-2)])
print("X: claimed at the first step of each sequence", [d[0].tolist() for d in dX])
V = rng.normal(size=W.shape).astype("f")
print("W: claimed", float(dW @ V))
print("W: central differences", [(phi(h, V, "W") - phi(-h, V, "W")) / (2 * h) for h in (3e-2, 1e-2)])
node.set_param("LSTM", W)
node.set_grad("LSTM", np.zeros_like(W))
model(Xs, is_train=True)[1]([np.zeros_like(u) for u in U])
print("W: gradient for a cotangent of zeros equals the parameters:", np.allclose(node.get_grad("LSTM"), W))
