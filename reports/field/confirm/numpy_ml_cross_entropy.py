import numpy as np
from numpy_ml_layers import losses  # reports/field/subjects

rng = np.random.default_rng(0)
y, z = np.eye(3)[[0, 2]], rng.normal(size=(2, 3))


def softmax(z):
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


p, entropy = softmax(z), losses.CrossEntropy()
V, h = rng.normal(size=(2, 3)), 1e-6
print("claimed, grad(y, softmax(z))         ", float((entropy.grad(y, p) * V).sum()))
print(
    "derivative with respect to z         ",
    (entropy.loss(y, softmax(z + h * V)) - entropy.loss(y, softmax(z - h * V))) / (2 * h),
)
print("derivative with respect to y_pred    ", float((-y / p * V).sum()))
