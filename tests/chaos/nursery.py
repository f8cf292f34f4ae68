"""Where workers are born: a process that has imported the command line once, and forks for each worker.

A new interpreter takes seconds until it can work, and a play of a hundred kills needs a hundred workers. What a fork
runs is ``loyaltychain worker``, in a process of its own. Speaks JSON lines: ``{"argv", "environ", "log"}`` in, and out
``{"born": pid}`` for each of them, ``{"died": pid, "status": …}`` when one has ended.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Queue
from typing import IO, Any

_ROOT = Path(__file__).parents[2]


class Nursery:
    """The forking process, from outside."""

    def __init__(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTYCHAIN_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=_ROOT, env=environ, start_new_session=True,
        )  # fmt: skip
        self._born: Queue[int] = Queue()
        self._ends: dict[int, int] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def bear(self, argv: Sequence[str], environ: Mapping[str, str], log: Path) -> int:
        """The pid of a new process that runs ``loyaltychain`` with these arguments, and writes to ``log``."""
        assert self._process.stdin is not None
        order = {"argv": list(argv), "environ": dict(environ), "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._born.get(timeout=240)

    def end_of(self, pid: int) -> int | None:
        """As ``Popen.returncode``: minus the signal that killed it; None while it lives."""
        return self._ends.get(pid)

    def close(self) -> None:
        """Kills whoever lives."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise
        finally:
            self._listener.join()
            self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "born" in said:
                self._born.put(said["born"])
            else:
                self._ends[said["died"]] = os.waitstatus_to_exitcode(said["status"])


def main() -> None:
    """Read orders until there are no more; then kill all children."""
    import loyaltychain.cli.working  # noqa: F401  what each of them would have to import

    children: set[int] = set()
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    rest = b""
    while True:
        ready, _, _ = select.select([orders], [], [], 0.05)
        _bury(children, os.WNOHANG)
        if not ready:
            continue
        some = os.read(orders.fileno(), 65536)
        if not some:
            break
        *lines, rest = (rest + some).split(b"\n")
        for line in lines:
            children.add(_fork(json.loads(line), orders))
    for child in children:
        os.kill(child, 9)
    _bury(children, 0)


def _fork(order: dict[str, Any], orders: IO[bytes]) -> int:
    child = os.fork()
    if child:
        _say({"born": child})
        return child
    code = 1
    try:
        orders.close()
        log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in enumerate((nothing, log, log)):
            os.dup2(file, number)
        os.environ.update(order["environ"])
        sys.argv = ["loyaltychain", *order["argv"]]
        from loyaltychain.cli.main import main as run

        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _bury(children: set[int], how: int) -> None:
    for child in sorted(children):
        pid, status = os.waitpid(child, how)
        if pid:
            children.discard(pid)
            _say({"died": pid, "status": status})


def _say(what: dict[str, int]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
