"""`python -m gradcheck` many times over: each in a process of its own, forked from one that has imported already.

Half of what a short command takes is the import of numpy, scipy and rich. `run` does what `subprocess.run` would do
with `[sys.executable, "-m", "gradcheck", …]`: the same arguments, directory, environment, streams and exit code. Where
the machine cannot fork it is that very call.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOADED = (
    "gradcheck.cli",
    "gradcheck.audit",
    "gradcheck.loading",
    "gradcheck.report.terminal",
    "gradcheck.report.record",
)


def run(arguments, *, cwd, env, timeout):
    """Run the command to its end; returns what subprocess.run returns, with its texts."""
    command = [sys.executable, "-m", "gradcheck", *arguments]
    if not hasattr(os, "fork"):
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    with tempfile.TemporaryDirectory() as place:
        files = {name: str(Path(place, name)) for name in ("out", "err")}
        asked = {"arguments": list(arguments), "cwd": str(cwd), "env": dict(env), "timeout": timeout, **files}
        code = _ask(asked)
        if code is None:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, code, *(Path(f).read_text() for f in files.values()))


def _ask(asked):
    server = _server()
    server.stdin.write(json.dumps(asked) + "\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())


@cache
def _server():
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )
    atexit.register(server.__exit__, None, None, None)  # at the end of its requests it ends, and is waited for
    return server


def serve():
    """Answer requests, a line each, with exit codes; None where the time was up."""
    import importlib

    for name in LOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(asked)
        print(json.dumps(_waited(child, asked["timeout"])), flush=True)


def _waited(child, seconds):
    import signal
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _become(asked):
    """Be `python -m gradcheck` in this process, and end it."""
    import runpy
    import traceback

    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    streams = (
        nothing,
        *(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for name in ("out", "err")),
    )
    for stream, place in zip(streams, (0, 1, 2), strict=True):
        os.dup2(stream, place)
    sys.argv = ["gradcheck", *asked["arguments"]]
    sys.path[0] = asked["cwd"]
    code = 0
    try:
        runpy.run_module("gradcheck", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:  # as the interpreter does
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
