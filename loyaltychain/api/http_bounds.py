"""HTTP/1.1 by httptools with the bounds that it has not: how large a request's head may be, and how slow."""

import asyncio
import secrets
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from loyaltychain.api.problems import Problem

HEAD_MAX = 65_536  # bytes of a request line and its headers together
_HEAD_SECONDS = 20


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Ends it when a head grows beyond ``HEAD_MAX`` or is not whole in time."""

    _head = 0  # bytes of a head that has not ended
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Somebody who connects and says nothing is treated as one who has said all.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head + len(data) > HEAD_MAX and self._is_in_head():
            self._feed_in_parts(data)
            return
        self._feed(data)

    def on_message_begin(self) -> None:
        self._head = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = 0
        self._stop_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._end_with(Problem("malformed-request", "Request line, headers or framing break RFC 9112."))

    def _end_with(self, problem: Problem) -> None:
        """Answer before there is a request, and close."""
        answer = problem.response(f"req_{secrets.token_hex(12)}")
        lines = [b"HTTP/1.1 %d %s" % (answer.status_code, HTTPStatus(answer.status_code).phrase.encode())]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", bytes(answer.body)]))
        self.transport.close()

    def _feed(self, data: bytes) -> None:
        super().data_received(data)
        if self._head:
            self._head += len(data)
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(_HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _feed_in_parts(self, data: bytes) -> None:
        """A large piece of data may be the rest of a head and a body: the head's bound is looked at in between."""
        for start in range(0, len(data), HEAD_MAX // 4):
            if self._head > HEAD_MAX:
                detail = f"Request line and headers have at most {HEAD_MAX:,} bytes together."
                self._end_with(Problem("headers-too-large", detail))
            if self.transport.is_closing():
                return
            self._feed(data[start : start + HEAD_MAX // 4])

    def _is_in_head(self) -> bool:
        return self._head > 0 or self.cycle is None or self.cycle.response_complete

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
