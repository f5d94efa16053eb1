"""One thread for matrix products, where that can be had."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS to one thread, if threadpoolctl is installed (it comes with scikit-learn); otherwise do nothing.

    Matrices of these jobs are a few dozen wide: threads that wait for each other cost up to ten times what they win, on
    two cores that have something else to do.
    """
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no stubs
    except ModuleNotFoundError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield
