import numpy as np
from thinc.api import MultiSoftmax, Softmax

rng = np.random.default_rng(0)
model, X, u = Softmax(3, 5), rng.normal(size=(4, 5)).astype("f"), rng.normal(size=(4, 3)).astype("f")
model.initialize(X=X)
b = np.array([0.3, -0.5, 0.1], "f")
model.set_param("b", b)
Y, backprop = model(X, is_train=True)
backprop(u.copy())
y = Y.astype("d")
print("claimed db                                   ", model.get_grad("b"))
print("Jacobian of softmax applied                  ", (y * (u - (u * y).sum(1, keepdims=True))).sum(0))
print("dY taken as the gradient of the logits       ", u.sum(0))


model = MultiSoftmax((2, 3), 5)
model.initialize(X=X)
model.set_param("W", rng.normal(size=(5, 5)).astype("f"))
print("MultiSoftmax (2, 3): sums of its outputs     ", model.predict(X).sum(1), "where probabilities sum to 2")
