"""Events that loyaltychain itself gives a meaning for what members do, over HTTP
├── those of an app's own acts come with any key of that source: a zone, a pause, an act taken back
├── support's and moderators' words come with a managing key alone: a fraud, another source's act, a badge, a streak,
│   a referral; by themselves, in a batch, as a dry run
├── a word of the payload that holds no id, or no zone, is refused before it is taken
└── a programme without behaviours: they have no meaning there
"""

from typing import Any

import pytest

from tests.api.serving import AT, Served
from tests.api.test_contract import check_problem

CONDUCT = """
objects: {reply: {made_by: replied}}
behaviours:
  reply: {event: replied, title: Reply to somebody., points: 2}
referrals:
  friend: {event: referred, qualified_by: purchase, title: Bring a friend., days: 9, referrer: 5, referee: 5}
"""


def told(type_: str, **payload: Any) -> dict[str, Any]:
    return {"source": "shop", "id": "1", "type": type_, "member": "ann", "occurred_at": AT, "payload": payload}


@pytest.fixture
def forum(api: Served) -> Served:
    file = api.context.project.program_file
    file.write_text(file.read_text() + CONDUCT)
    return api


OF_APPS = [
    told("loyaltychain.member.zone", zone="Europe/Berlin"),
    told("loyaltychain.streak.paused", streak="daily", **{"from": "2026-03-01", "to": "2026-03-05"}),
    told("loyaltychain.act.retracted", event="shop/r-1", fraud=False, reason="deleted"),
]
JUDGEMENTS = [
    told("loyaltychain.act.retracted", event="shop/r-1", fraud=True, reason="a bot"),
    told("loyaltychain.act.retracted", event="till/r-1", reason="deleted"),
    told("loyaltychain.badge.revoked", achievement="helper", reason="rude"),
    told("loyaltychain.streak.restored", streak="daily"),
    told("referral_approved", event="shop/r-1"),
    told("referral_rejected", event="shop/r-1"),
]


@pytest.mark.parametrize("body", OF_APPS, ids=[str(each["type"]) for each in OF_APPS])
def test_of_an_app__any_key_of_its_source__is_taken(forum: Served, body: dict[str, Any]) -> None:
    with forum.with_key(forum.new_key("shop")) as app:
        assert app.post("/v1/events", json=body, headers={"Idempotency-Key": "1"}).status_code == 202


@pytest.mark.parametrize("body", JUDGEMENTS, ids=[f"{each['type']}-{number}" for number, each in enumerate(JUDGEMENTS)])
def test_of_support__a_managing_key_alone__on_every_way(forum: Served, body: dict[str, Any]) -> None:
    with forum.with_key(forum.new_key("shop")) as app:
        check_problem(app.post("/v1/events", json=body, headers={"Idempotency-Key": "1"}), 403, "forbidden")
        check_problem(app.post("/v1/events?dry=true", json=body, headers={"Idempotency-Key": "2"}), 403, "forbidden")
        many = app.post("/v1/events/batch", json={"events": [body]}, headers={"Idempotency-Key": "3"}).json()
    assert many["results"][0]["problem"]["code"] == "forbidden"
    assert forum.post("/v1/events", body).status_code == 202


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (told("loyaltychain.member.zone", zone="Mars/Olympus"), "IANA"),
        (told("loyaltychain.act.retracted", event="r-1"), "<source>/<id>"),
        (told("loyaltychain.act.retracted", event="shop/r-1", fraud="yes"), "true or false"),
        (told("loyaltychain.streak.paused", streak="daily", **{"from": "soon", "to": "2026-03-05"}), "a day"),
        (told("loyaltychain.badge.revoked"), "achievement"),
        (told("replied", object={"id": "r-1"}), "printable text"),
        (told("replied", object=7), "printable text"),
        (told("replied", object="r-1", recipient=["bob"]), "printable text"),
    ],
)
def test_word_that_holds_something_else__is_refused(forum: Served, body: dict[str, Any], says: str) -> None:
    assert says in check_problem(forum.post("/v1/events", body), 422, "invalid-event")["detail"]


def test_programme_without_behaviours__they_mean_nothing(api: Served) -> None:
    check_problem(api.post("/v1/events", OF_APPS[0]), 422, "invalid-event")
