import numpy as np
from scipy.optimize import approx_fprime
from thinc.api import Dish

rng = np.random.default_rng(0)
model, X, u = Dish(5, 5), rng.normal(size=(4, 5)).astype("f"), rng.normal(size=(4, 5)).astype("f")
model.initialize(X=X)
dX = model(X, is_train=True)[1](u.copy())
W, b = model.get_param("W").astype("d"), model.get_param("b").astype("d")


def dish(z):
    return 0.5 * z * (z / np.sqrt(1 + z * z) + 1)


def slope(z):
    return dish(z) / z + z / 2 / (1 + z * z) ** 1.5


print("claimed dX[0]          ", dX[0])
print("by the chain rule      ", ((u * slope(X.astype("d") @ W.T + b)) @ W)[0])
print("by finite differences  ", approx_fprime(X[0].astype("d"), lambda x: float(u[0] @ dish(x @ W.T + b)), 1e-7))
print("with X for X Wᵀ + b    ", ((u * slope(X.astype("d"))) @ W)[0])
try:
    model = Dish(3, 5)
    model.initialize(X=X)
    model(X, is_train=True)[1](u[:, :3].copy())
except ValueError as error:
    print("Dish(3, 5):", error)
