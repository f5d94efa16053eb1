"""The peers' checkers by their own signatures, answered by our verdict.

Nothing here imports torch, JAX or scipy until it is called. Arguments that steer the peers' own method (steps,
tolerances of comparison) are taken and not used: our step is chosen by the function's rounding and our tolerance is
the measured error bar. What they return is what the peers return; what they raise can be caught as the peers' error
and carries our `Report`.
"""

from gradcheck.compat.jax_grads import jax_check_grads
from gradcheck.compat.scipy_grad import CheckedError, scipy_check_grad
from gradcheck.compat.torch_grads import torch_gradcheck, torch_gradgradcheck

__all__ = ["CheckedError", "jax_check_grads", "scipy_check_grad", "torch_gradcheck", "torch_gradgradcheck"]
