"""Everything that can become a Target, one file a world."""

from gradcheck.adapt.vjp import closure, gradient, vjp

__all__ = ["closure", "gradient", "vjp"]
