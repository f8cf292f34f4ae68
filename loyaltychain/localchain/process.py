"""Starting, finding, stopping and wiping the process that serves a project's local chain.

The chain outlives the process, and the process outlives whoever started it. A process counts as found only when it
answers with the token of its ``endpoint.json``; the lock that it holds keeps a second one away. Neither a kill -9
nor a power cut leaves anything to tidy up.
"""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from loyaltychain.core.errors import ChainNotRunning, DatabaseBusy, InvalidSettings
from loyaltychain.core.json_text import parse_json
from loyaltychain.localchain.places import Endpoint, Places, read_endpoint

_START_SECONDS = 60  # a cold import of the EVM on a slow disk
_STOP_SECONDS = 15  # of patience before it is killed
_ANSWER_SECONDS = 2
_PAUSE = 0.05  # seconds between two looks
_START_HINT = "Start it with `loyaltychain chain start`."


def start(home: Path, *, port: int = 0) -> Endpoint:
    """The served chain of the project at ``home``: the one that runs already, or a new process.

    Args:
        port: On 127.0.0.1; 0 for that of last time, or any that is free.

    Raises:
        InvalidSettings: it is served on another port already.
        ChainNotRunning: the process ended, or did not answer in time; ``reason`` quotes its log.
    """
    places = Places(home)
    if (running := _answering(places)) is not None:
        if port not in (0, urlsplit(running.url).port):
            raise InvalidSettings(
                f"The local chain is served at {running.url} already: `loyaltychain chain stop` first, to move it."
            )
        return running
    places.directory.mkdir(parents=True, exist_ok=True)
    with places.log.open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [sys.executable, "-m", "loyaltychain.localchain.server", str(home.resolve()), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in this terminal is not for it
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        ended = child.poll() is not None
        # Asked after the poll: of two that start at once, one ends, and by then the other answers or will soon.
        if (running := _answering(places)) is not None:
            if not ended and running.pid == child.pid:
                child.returncode = 0  # it is on its own from here; Popen would warn of a child left running
            else:
                child.wait()
            return running
        if ended and not _is_held(places):
            raise ChainNotRunning("The local chain did not start.", log=str(places.log), reason=_last_words(places))
        time.sleep(_PAUSE)
    child.terminate()
    child.wait()
    raise ChainNotRunning("The local chain did not answer.", log=str(places.log), reason=_last_words(places))


def find(home: Path) -> Endpoint:
    """The process that serves the project's chain now.

    Raises:
        ChainNotRunning: none does; ``hint`` says what to do.
    """
    places = Places(home)
    running = _answering(places)
    if running is not None:
        return running
    if _is_held(places):
        raise ChainNotRunning(
            "The local chain's process is there but does not answer.",
            log=str(places.log),
            hint="Wait a moment, or `loyaltychain chain stop` and start it again.",
        )
    raise ChainNotRunning("The local chain is not running.", hint=_START_HINT)


def stop(home: Path) -> bool:
    """End the process that serves the project's chain. The chain stays. False when none was running.

    It is asked to end, and killed when it does not within a few seconds: what it has answered is on disk.
    Nothing is killed unless the lock is held, and then only by the pid that its holder wrote down.

    Raises:
        ChainNotRunning: something holds the lock, but nothing says which process.
    """
    places = Places(home)
    if not _is_held(places):
        places.endpoint.unlink(missing_ok=True)
        return False
    endpoint = read_endpoint(places)
    if endpoint is None:
        raise ChainNotRunning("The local chain is just starting or ending.", hint="Try again in a moment.")
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(endpoint.pid, how)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(endpoint.pid, os.WNOHANG)  # when it is our own child, nobody else will
            if not _is_held(places):
                places.endpoint.unlink(missing_ok=True)
                return True
            time.sleep(_PAUSE)
    raise DatabaseBusy("The local chain's process does not end.", pid=endpoint.pid)


def reset(home: Path) -> None:
    """Stop the process and delete the chain: the next start begins a new one, with another genesis."""
    stop(home)
    places = Places(home)
    for path in (places.state, *(places.state.with_name(places.state.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
    places.log.unlink(missing_ok=True)


def _answering(places: Places) -> Endpoint | None:
    """The published endpoint, if who listens there is who published it."""
    endpoint = read_endpoint(places)
    if endpoint is None:
        return None
    try:
        address = urlsplit(endpoint.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_ANSWER_SECONDS)
    except ValueError:  # somebody has edited the file
        return None
    try:
        connection.request("GET", "/")
        answer = parse_json(connection.getresponse().read(1_000).decode())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return endpoint if isinstance(answer, dict) and answer.get("token") == endpoint.token else None


def _is_held(places: Places) -> bool:
    """A process holds the lock: it does so at several looks, since somebody else may be looking too."""
    if not places.lock.exists():
        return False
    for _ in range(5):
        try:
            with FileLock(places.lock, timeout=0):
                return False
        except Timeout:
            time.sleep(_PAUSE)
    return True


def _last_words(places: Places) -> str:
    return places.log.read_text("utf-8", errors="replace").strip()[-500:]
