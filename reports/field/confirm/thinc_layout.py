import numpy as np
from thinc.api import NumpyOps

ops, rng = NumpyOps(), np.random.default_rng(0)
X, dY = rng.normal(size=(2, 3)).astype("f"), rng.normal(size=(2, 3)).astype("f")
same = np.asfortranarray(dY)
print("equal arrays:", np.array_equal(dY, same))
Y = ops.relu(X.copy())
print("backprop_relu, dY in C order      ", ops.backprop_relu(dY, Y).tolist())
print("backprop_relu, dY in Fortran order", ops.backprop_relu(same, Y).tolist())
print("dY where Y > 0, numpy             ", (dY * (Y > 0)).tolist())
print("backprop_mish, dY in C order      ", ops.backprop_mish(dY, X).tolist())
print("backprop_mish, dY in Fortran order", ops.backprop_mish(same, X).tolist())
