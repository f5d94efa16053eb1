"""Where the items of an audit are worked through: worker processes here, or a cluster.

A job is a name, not a pickle: each worker imports the module for itself and finds its target there, so that whatever
a module holds (lambdas, open files, torch modules) need not travel. A worker that dies or hangs takes nobody with it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from gradcheck.compare import Verdict
from gradcheck.discover import Item, discover
from gradcheck.errors import ConfigurationError
from gradcheck.report import Finding

__all__ = ["Work", "in_cluster", "in_workers"]

Answer = tuple[str, list[Finding]]
Examine = Callable[[Item], list[Finding]]
_TICK = 0.05  # seconds between looks at the clock
_LOOK = 0.5  # seconds between a worker's looks for its parent


@dataclass(frozen=True)
class Work:
    """What a worker has to know.

    Args:
        specs: every name that was asked for, so that targets are numbered alike everywhere.
        examine: turns an item into findings; importable.
        path: where modules are found.
    """

    specs: tuple[str, ...]
    examine: Examine
    path: tuple[str, ...] = field(default_factory=lambda: tuple(sys.path))

    def __call__(self, name: str, started: str = "") -> list[Finding]:
        """Examine one target, in the worker."""
        sys.path[:] = self.path
        with contextlib.redirect_stdout(sys.stderr):
            item = _found(self.specs).get(name)
            if started:
                Path(started).touch()
            if item is None:
                return [_raised(name, "the target is not there when its module is imported again; is its name random?")]
            return self.examine(item)


@cache
def _found(specs: tuple[str, ...]) -> dict[str, Item]:
    return {item.target.name: item for item in discover(specs).items}


def _raised(name: str, message: str) -> Finding:
    return Finding(name, name, "audit.worker", "", Verdict.RAISED, message)


def in_workers(
    work: Work, items: Sequence[Item], *, jobs: int, timeout: float | None, deadline: float | None
) -> Iterator[Answer]:
    """Yield the answers of worker processes as they come.

    Args:
        work: what a worker does.
        items: what is to be examined.
        jobs: number of processes.
        timeout: seconds for one target; a target that takes longer becomes RAISED.
        deadline: of the monotonic clock; what is not answered by then is left.
    """
    pool = _Pool(work, jobs, timeout, deadline)
    try:
        yield from pool.answers([item.target.name for item in items])
    finally:
        pool.close()


class _Pool:
    """A pool of processes that is thrown away and made anew whenever one of them dies or hangs."""

    def __init__(self, work: Work, jobs: int, timeout: float | None, deadline: float | None) -> None:
        self.work, self.jobs, self.timeout, self.deadline = work, jobs, timeout, deadline
        self.folder = tempfile.TemporaryDirectory(prefix="gradcheck-")
        self.running: dict[Future[list[Finding]], tuple[str, Path]] = {}
        self.submitted = 0
        self.executor = self._made()

    def _made(self) -> Any:
        from joblib.externals.loky.process_executor import ProcessPoolExecutor

        return ProcessPoolExecutor(max_workers=self.jobs, initializer=_outlive_nobody, initargs=(os.getpid(),))

    def answers(self, names: Sequence[str]) -> Iterator[Answer]:
        """Run all; those that were in flight when a process died are run again, one at a time."""
        due, suspects = deque(names), deque[str]()
        while (due or suspects or self.running) and not self._over():
            if suspects and not self.running:
                yield from self._alone(suspects.popleft())
                continue
            while due and not suspects and len(self.running) < self.jobs:
                self._submit(due.popleft())
            finished, _ = wait(self.running, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in finished:
                name, _ = self.running.pop(future)
                try:
                    yield name, future.result()
                except BrokenProcessPool:
                    suspects.append(name)
            if suspects and self.running:
                suspects.extend(name for name, _ in self.running.values())
                self.running.clear()
            if suspects:
                self._renew()
            yield from self._late(due)

    def _alone(self, name: str) -> Iterator[Answer]:
        self._submit(name)
        while self.running and not self._over():
            (future,) = self.running
            if wait([future], timeout=_TICK).done:
                self.running.clear()
                try:
                    yield name, future.result()
                except BrokenProcessPool as error:
                    self._renew()
                    told = str(error).splitlines()[0] if str(error) else "no reason given"
                    yield name, [_raised(name, f"the process that checked it died: {told}")]
            yield from self._late(deque())

    def _over(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def _submit(self, name: str) -> None:
        self.submitted += 1
        started = Path(self.folder.name) / str(self.submitted)
        self.running[self.executor.submit(self.work, name, str(started))] = name, started

    def _late(self, due: deque[str]) -> Iterator[Answer]:
        """Give up on what has run for too long; what ran beside it is run again."""
        if self.timeout is None:
            return
        now = time.time()
        late = [name for name, started in self.running.values() if _age(started, now) > self.timeout]
        if late:
            due.extendleft(name for name, _ in self.running.values() if name not in late)
            self.running.clear()
            self._renew()
            for name in late:
                yield (
                    name,
                    [_raised(name, f"still running after the timeout of {self.timeout:g} s; its process was ended")],
                )

    def _renew(self) -> None:
        self.executor.shutdown(wait=False, kill_workers=True)
        self.executor = self._made()

    def close(self) -> None:
        """End all processes."""
        self.executor.shutdown(wait=False, kill_workers=True)
        self.folder.cleanup()


def _outlive_nobody(parent: int) -> None:
    """End this worker when the process that started it is gone: a killed audit leaves nothing running."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _age(started: Path, now: float) -> float:
    """Return for how long a target has been examined; importing its module does not count."""
    try:
        return now - started.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def in_cluster(
    work: Work, items: Sequence[Item], *, backend: str, jobs: int, scheduler: str | None
) -> Iterator[Answer]:
    """Yield the answers of a dask or ray cluster as they come.

    Args:
        work: what a worker does; its modules are importable there too.
        items: what is to be examined.
        backend: "dask" or "ray".
        jobs: workers to start where no scheduler is named.
        scheduler: address of a dask scheduler, or of a ray head.
    """
    import joblib

    names = [item.target.name for item in items]
    with _connected(backend, jobs, scheduler), joblib.parallel_config(backend=backend, n_jobs=jobs if jobs > 1 else -1):
        answers = joblib.Parallel(batch_size=1)(joblib.delayed(work)(name) for name in names)
    yield from zip(names, answers, strict=True)


@contextlib.contextmanager
def _connected(backend: str, jobs: int, scheduler: str | None) -> Iterator[None]:
    try:
        if backend == "dask":
            distributed: Any = import_module("distributed")
            local = {"n_workers": jobs, "threads_per_worker": 1}
            with distributed.Client(scheduler) if scheduler else distributed.Client(**local):
                yield
            return
        ray: Any = import_module("ray")
        register: Any = import_module("ray.util.joblib").register_ray
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"--backend {backend} needs {error.name}: pip install 'gradcheck[{backend}]'"
        ) from error
    ray.init(address=scheduler, num_cpus=None if scheduler else jobs)
    register()
    try:
        yield
    finally:
        ray.shutdown()
