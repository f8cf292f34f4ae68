"""Proof over HTTP
├── a moderator's word comes with a managing key alone: by itself, in a batch, with a preference, as a dry run
├── a word in nobody's name is no event; any other proof may come with any key, and proves nothing by itself
└── a link tells whose it is and what counts as followed; an unknown one is not found
"""

from typing import Any

import pytest
from sqlalchemy import select

from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.events.attest import attestations
from loyaltychain.operations.proofs.batches import find_behaviour
from loyaltychain.operations.proofs.links import make_link, revoke_link
from tests.api.serving import AT, Served
from tests.api.test_contract import check_problem
from tests.operations.proofs.world import PROGRAM
from tests.projects import NOW


def talk(name: str, proof: Any) -> dict[str, Any]:
    return {"source": "shop", "id": name, "type": "talked", "member": "ann", "occurred_at": AT,
            "payload": {"proof": proof}}  # fmt: skip


WORD = {"kind": "attested", "by": "mod"}


def attested(api: Served) -> dict[str, str]:
    with reading(api.context.engine) as tx:
        return {row.event_id: row.attested_by for row in tx.execute(select(attestations))}


def test_a_word__with_a_key_that_manages__is_taken_and_noted(api: Served) -> None:
    assert api.post("/v1/events", talk("1", WORD)).status_code == 202
    assert api.post(
        "/v1/events/batch", {"events": [talk("2", WORD), talk("3", {"kind": "code", "code": "x"})]}
    ).is_success
    assert api.post("/v1/events", talk("1", WORD)).json()["status"] == "known"
    assert attested(api) == {"1": "mod", "2": "mod"}


def test_edge_62__a_word__with_any_other_key__is_refused_on_every_way(api: Served) -> None:
    with api.with_key(api.new_key("shop")) as app:
        check_problem(app.post("/v1/events", json=talk("1", WORD), headers={"Idempotency-Key": "1"}), 403, "forbidden")
        waits = {"Idempotency-Key": "2", "Prefer": "wait=1"}
        check_problem(app.post("/v1/events", json=talk("2", WORD), headers=waits), 403, "forbidden")
        dry = app.post("/v1/events?dry=true", json=talk("3", WORD), headers={"Idempotency-Key": "3"})
        check_problem(dry, 403, "forbidden")
        body = {"events": [talk("4", WORD), talk("5", {"kind": "code", "code": "x"})]}
        both = app.post("/v1/events/batch", json=body, headers={"Idempotency-Key": "4"}).json()["results"]
    assert [each["status"] for each in both] == ["refused", "accepted"]
    assert both[0]["problem"]["code"] == "forbidden"
    assert attested(api) == {}


@pytest.mark.parametrize("by", [None, "", 7, "a\nb"])
def test_a_word__in_nobodys_name__is_no_event(api: Served, by: object) -> None:
    answer = api.post("/v1/events", talk("1", {"kind": "attested", "by": by}))
    assert "whose word" in check_problem(answer, 422, "invalid-event")["detail"]


@pytest.mark.parametrize("proof", ["attested", ["attested"], {"kind": "Attested"}, {"kind": ["attested"]}, None, 1])
def test_what_only_looks_like_a_word__is_taken_and_noted_nowhere(api: Served, proof: object) -> None:
    with api.with_key(api.new_key("shop")) as app:
        assert app.post("/v1/events", json=talk("1", proof), headers={"Idempotency-Key": "1"}).status_code == 202
    assert attested(api) == {}


def test_a_link__tells_whose_it_is(api: Served) -> None:
    api.context.project.program_file.write_text(api.context.project.program_file.read_text() + (
        "behaviours:\n  share: {event: link_followed, title: Share your link., points: 2, proof: [link]}\n"
    ))  # fmt: skip
    with transaction(api.context.engine) as tx:
        ann = identity.join(tx, "ann", NOW)
        link = make_link(tx, ann, find_behaviour(PROGRAM, "share", "link"), {"source": "mail"}, actor="eve", now=NOW)
    found = api.get(f"/v1/links/{link.token}")
    assert found.status_code == 200
    assert found.json() == {
        "token": link.token, "member": "ann", "member_number": 1, "behaviour": "share", "events": ["link_followed"],
        "utm": {"source": "mail"}, "clicks": 0, "state": "good", "made_at": found.json()["made_at"],
    }  # fmt: skip
    with transaction(api.context.engine) as tx:
        revoke_link(tx, link.token, reason="spam", actor="eve", now=NOW)
    assert api.get(f"/v1/links/{link.token}").json()["state"] == "revoked"
    check_problem(api.get("/v1/links/none"), 404, "unknown-link")
