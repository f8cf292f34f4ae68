"""A programme with behaviours that ask for proof, and what happens to events that bring some."""

from typing import Any

from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.events.capture import capture
from loyaltychain.events.store import read_events
from loyaltychain.events.types import Event
from loyaltychain.operations.proofs.batches import find_behaviour, make_batch
from loyaltychain.operations.proofs.verify import read_proofs, verify_proofs
from loyaltychain.program.load import parse_program

NOW = UnixSeconds(1_767_571_200)  # 2026-01-05 00:00 UTC
DAY = 86_400
PROGRAM = parse_program("""name: Fair
version: 1
timezone: UTC
currency: EUR
behaviours:
  visit: {event: visited, title: Come to our stand., points: 50, proof: [code]}
  talk: {event: talked, title: Hold a talk., points: 300, proof: [attested]}
  share: {event: link_followed, title: Share your link., points: 2, proof: [link], caps: [{times: 5, per: day}]}
  show: {event: visited, title: Show us round., points: 5, proof: [code, attested]}
""")

Proof = dict[str, Any]


def after(seconds: int) -> UnixSeconds:
    return UnixSeconds(NOW + seconds)


def make_codes(
    engine: Engine, *, count: int = 1, uses: int = 1, until: UnixSeconds | None = None, name: str | None = None
) -> tuple[str, list[str]]:
    """A batch for visits: its name and its codes."""
    with transaction(engine) as tx:
        batch, codes = make_batch(
            tx, find_behaviour(PROGRAM, "visit", "code"), id_=name, count=count, uses=uses, until=until, actor="eve",
            now=NOW,
        )  # fmt: skip
    return batch.id, codes


def code(text: str) -> Proof:
    return {"kind": "code", "code": text}


def link(token: str) -> Proof:
    return {"kind": "link", "link": token}


def word(by: str) -> Proof:
    return {"kind": "attested", "by": by}


def tell(
    engine: Engine, name: str, member: str, proof: Any, *, kind: str = "visited", at: int = NOW, came: int | None = None
) -> None:
    """An event is taken in at ``came``; nobody judges its proof yet."""
    event = Event("app", name, kind, member, UnixSeconds(at), {"proof": proof})
    with transaction(engine) as tx:
        assert capture(tx, [event], received_at=UnixSeconds(at if came is None else came)).taken == 1


def judge(engine: Engine, *, since: int = 0) -> None:
    """Judge the proofs of all events behind a position, as the worker does."""
    with transaction(engine) as tx:
        verify_proofs(tx, PROGRAM, read_events(tx, since, 1000))


def found(engine: Engine) -> dict[str, str | None]:
    """By event: why its proof is not good; None for a good one."""
    return {name: proof.get("refused") for name, proof in proofs(engine).items()}


def proofs(engine: Engine) -> dict[str, dict[str, Any]]:
    with reading(engine) as tx:
        keys = {(each.event.source, each.event.id) for each in read_events(tx, 0, 1000)}
        return {name: proof for (_, name), proof in read_proofs(tx, keys).items()}


def refused(engine: Engine, name: str, member: str, proof: Any, **more: Any) -> str | None:
    """The same of one event, which is told and judged now."""
    tell(engine, name, member, proof, **more)
    judge(engine)
    return found(engine)[name]


def join(engine: Engine, *members: str) -> list[MemberNumber]:
    with transaction(engine) as tx:
        return [identity.join(tx, member, NOW) for member in members]
