"""What can go wrong with a request, as RFC 9457 problems: one shape, and a permanent code for each kind.

Decides the status of every error; how it is sent is ``gate.py``'s and ``app.py``'s.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import Response
from pydantic import BaseModel
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from loyaltychain.core import errors

MEDIA_TYPE = "application/problem+json"
URN = "urn:loyaltychain:problem:"
RETRY_SECONDS = 1
#: Of every answer, a success too: it is about one person, or worth nothing a moment later.
HEADERS = {"Cache-Control": "no-store"}

#: Code -> status and title. Codes are for ever. 409: in conflict with how things stand now, and may pass later.
KINDS: dict[str, tuple[int, str]] = {
    "malformed-request": (400, "This is no HTTP request that can be read"),
    "malformed-json": (400, "The body is not JSON as RFC 8259 has it"),
    "idempotency-key-missing": (400, "A write needs an Idempotency-Key"),
    "unauthorized": (401, "A valid key is needed"),
    "forbidden": (403, "This key may not do that"),
    "not-found": (404, "There is nothing here"),
    "unknown-member": (404, "No member has this id"),
    "unknown-event": (404, "There is no event of this id"),
    "unknown-hold": (404, "There is no hold of this id"),
    "unknown-reward": (404, "There is no reward of this id"),
    "unknown-redemption": (404, "There is no redemption of this id"),
    "unknown-approval": (404, "Nothing of this id waits for a second person"),
    "unknown-job": (404, "There is no export of this id"),
    "unknown-period": (404, "No period of this number was closed"),
    "unknown-program": (404, "No programme of this digest was published"),
    "unknown-order": (404, "There is no order of this id"),
    "unknown-award": (404, "No points were given for an event of this id"),
    "unknown-notice": (404, "There is no notice of this id"),
    "unknown-link": (404, "There is no link of this token"),
    "unknown-receipt": (404, "There is no such receipt"),
    "unknown-batch": (404, "There is no batch of this number"),
    "method-not-allowed": (405, "This method is not for this path"),
    "too-slow": (408, "The body did not come in time"),
    "idempotency-conflict": (409, "This id was used before for other content"),
    "idempotency-key-in-use": (409, "A request with this Idempotency-Key is still running"),
    "insufficient-balance": (409, "There are too few points"),
    "out-of-stock": (409, "There are too few of this reward left"),
    "price-changed": (409, "The reward costs something else now"),
    "hold-ended": (409, "The hold has ended"),
    "balance-too-large": (409, "The balance would become too large"),
    "over-cap": (409, "More points than the contract's caps let a batch settle"),
    "return-refused": (409, "So much cannot come back"),
    "merge-refused": (409, "These members cannot become one, or two again"),
    "close-refused": (409, "Something of the account has to be settled first"),
    "cooling-down": (409, "The account changed a short time ago"),
    "points-frozen": (409, "Ledger and chain do not agree on the member's points"),
    "approval-refused": (409, "This cannot be decided on"),
    "correction-refused": (409, "This event cannot be corrected so"),
    "order-conflict": (409, "The order was told with other content"),
    "award-decided": (409, "These points are pending no more"),
    "not-deployed": (409, "No contracts are deployed yet"),
    "conflict": (409, "In conflict with how things stand"),
    "member-merged": (410, "The member went over into another one"),
    "member-closed": (410, "The member's account is closed"),
    "too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body must be application/json, not compressed"),
    "invalid-request": (422, "The request does not have the right shape"),
    "invalid-event": (422, "This cannot become an event"),
    "too-old": (422, "The event lies too far back"),
    "in-the-future": (422, "The event lies in the future"),
    "idempotency-key-reused": (422, "The Idempotency-Key was used for another request"),
    "headers-too-large": (431, "The headers are too large"),
    "rate-limited": (429, "Too many requests"),
    "internal": (500, "A fault of ours"),
    "settlement-stopped": (503, "Nothing new is settled until somebody has looked"),
    "unavailable": (503, "Not now: try again"),
}

_CODES: dict[type[errors.LoyaltyError], str] = {
    errors.InvalidEvent: "invalid-event",
    errors.UnknownMember: "unknown-member",
    errors.UnknownReceipt: "unknown-receipt",
    errors.UnknownHold: "unknown-hold",
    errors.UnknownReward: "unknown-reward",
    errors.UnknownRedemption: "unknown-redemption",
    errors.UnknownOrder: "unknown-order",
    errors.UnknownApproval: "unknown-approval",
    errors.UnknownJob: "unknown-job",
    errors.UnknownPeriod: "unknown-period",
    errors.MemberMerged: "member-merged",
    errors.MergeRefused: "merge-refused",
    errors.CloseRefused: "close-refused",
    errors.CoolingDown: "cooling-down",
    errors.PointsFrozen: "points-frozen",
    errors.ApprovalRefused: "approval-refused",
    errors.UnknownAward: "unknown-award",
    errors.UnknownNotice: "unknown-notice",
    errors.UnknownLink: "unknown-link",
    errors.AwardDecided: "award-decided",
    errors.MemberClosed: "member-closed",
    errors.HoldEnded: "hold-ended",
    errors.PriceChanged: "price-changed",
    errors.OutOfStock: "out-of-stock",
    errors.InsufficientBalance: "insufficient-balance",
    errors.OverCap: "over-cap",
    errors.BalanceTooLarge: "balance-too-large",
    errors.IdempotencyConflict: "idempotency-conflict",
    errors.NotDeployed: "not-deployed",
    errors.InvalidReceipt: "invalid-request",
    errors.ReturnRefused: "return-refused",
    errors.OrderConflict: "order-conflict",
    errors.InvalidOperation: "invalid-request",
}
_PLAIN = (str, int, bool)


class FieldProblem(TypedDict):
    """``pointer`` is an RFC 6901 pointer into the body, or ``parameter:<name>``."""

    pointer: str
    message: str


class ProblemBody(BaseModel):
    """Every answer that is no success (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] = []
    facts: dict[str, Any] = {}


@dataclass
class Problem(Exception):
    """A refusal on its way out. ``detail`` says what is wrong here and what to do; ``facts`` are figures for it."""

    code: str
    detail: str
    errors: Sequence[FieldProblem] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return KINDS[self.code][0]

    def document(self, request_id: str) -> dict[str, Any]:
        """The body."""
        status, title = KINDS[self.code]
        document: dict[str, Any] = {
            "type": URN + self.code,
            "title": title,
            "status": status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        if self.facts:
            document["facts"] = self.facts
        return document

    def response(self, request_id: str) -> Response:
        """The whole answer."""
        body = json.dumps(self.document(request_id)).encode()
        return Response(body, self.status, {"Request-Id": request_id, **HEADERS, **self.headers}, MEDIA_TYPE)


def problem_of(error: errors.LoyaltyError) -> Problem:
    """How a domain error is told. What an engineer must look at is told without its facts."""
    if isinstance(error, errors.RetryableError):
        return Problem("unavailable", error.message, headers={"Retry-After": str(RETRY_SECONDS)})
    if not isinstance(error, errors.RequestError) or isinstance(
        error, errors.InvalidSettings | errors.InvalidProgram | errors.ProjectMissing
    ):
        return Problem("internal", "Something is wrong on our side. Tell us the request_id.")
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "conflict")
    facts = {name: _plain(value) for name, value in error.context.items()}
    return Problem(code, error.message, facts=facts)


def _plain(value: object) -> object:
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return errors.in_words(value)
