"""HTTP whose answers end: in time from the first byte to the last, and in size. Knows nothing of chains.

The library's read timeout begins anew with each byte that comes, and its body has no end: a node that drips, or never
stops, would hold its caller for ever.
"""

import io
import socket
import time
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

#: Bytes of one answer, unpacked. The logs of the widest range that nodes serve are a tenth of it.
ANSWER_MAX: Final = 64 * 2**20
_PART: Final = 65_536


def bounded_session() -> requests.Session:
    """A session whose answers have the read timeout for all of them, headers and body, and ``ANSWER_MAX`` bytes.

    Whatever is longer raises ``requests.RequestException``. No redirection is followed: a node is where it is.
    """
    session = requests.Session()
    session.max_redirects = 0
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session


class _Timed(io.RawIOBase):
    """What a socket still has to say, until its time is over."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = sock, raw
        self._seconds = sock.gettimeout()
        self._end = None if self._seconds is None else time.monotonic() + self._seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer takes too long")
            self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        with suppress(OSError):  # it may be closed already
            self._socket.settimeout(self._seconds)  # of the next request on this connection
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_Timed(sock, self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: requests.PreparedRequest, *arguments: Any, **named: Any) -> requests.Response:
        response = super().send(request, *arguments, **named)
        parts, size = [], 0
        for part in response.iter_content(_PART):
            size += len(part)
            if size > ANSWER_MAX:
                response.close()
                raise requests.exceptions.ContentDecodingError(f"the answer is larger than {ANSWER_MAX} bytes")
            parts.append(part)
        response._content = b"".join(parts)  # what was read is what ``content`` is from here on
        return response
