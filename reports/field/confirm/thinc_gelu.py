import mpmath
import numpy as np
from thinc.api import NumpyOps

ops = NumpyOps()
X = np.array([[0.4, -1.1, 1.7]])
claimed = ops.backprop_gelu(np.ones_like(X), X)[0]
forward = lambda x: float(ops.gelu(np.array([[x]]))[0, 0])
print("gelu(X) − x Φ(x)              ", [forward(x) - float(x * mpmath.ncdf(x)) for x in X[0]])
print("backprop_gelu                 ", claimed.tolist())
print("central differences of gelu   ", [(forward(x + 1e-4) - forward(x - 1e-4)) / 2e-4 for x in X[0]])
print("true derivative of x Φ(x)     ", [float(mpmath.ncdf(x) + x * mpmath.npdf(x)) for x in X[0]])
same = ops.backprop_gelu_approx(np.ones_like(X), X)[0]
forward = lambda x: float(ops.gelu_approx(np.array([[x]]))[0, 0])
print("backprop_gelu_approx          ", same.tolist(), same.dtype)
print("central differences           ", [(forward(x + 1e-4) - forward(x - 1e-4)) / 2e-4 for x in X[0]])
