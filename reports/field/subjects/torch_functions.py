"""torch's own functions that the sweep of tests/gradcheck/adapt found to be off; the rest of the sweep agrees."""

import torch

from gradcheck import adapt

torch.set_num_threads(1)


def gradcheck_targets():
    x = torch.tensor([[0.4, 1.1, 1.7], [2.5, 3.0, 0.8]], dtype=torch.float64)
    yield adapt.torch(torch.digamma, x, name="torch.digamma")
    yield adapt.torch(torch.nn.functional.hardsigmoid, x - 1.5, name="F.hardsigmoid")
    torch.manual_seed(0)
    norm = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 5))
    yield from adapt.torch(norm, x, name="spectral_norm[training]")
    yield adapt.torch(torch.special.bessel_j0, x, name="torch.special.bessel_j0")
