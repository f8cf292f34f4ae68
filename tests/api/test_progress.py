"""What behaviours brought, over HTTP, on each engine
├── an event: its awards with words, awarded and desired with them; suppressed ones with the reason
├── a dry run: what behaviours would make of it, now and later, beside events that wait; nothing stays
├── a member's awards: newest first, by pages, each once; zero ones with the reason; nobody's else
├── a member's progress: numbers, instants, sentences; before she did anything; without behaviours null
├── achievements: holders, rarity, supply left; retired ones are not shown
├── nudges: by pages of members; for managing keys alone
└── Prefer: wait waits for behaviours, too
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from loyaltychain.client import progress_types
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from tests.api.serving import Served, database_for_threads, event, served
from tests.database import ENGINES
from tests.reports import forum


@pytest.fixture(params=ENGINES)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A project whose programme is the forum's."""
    engine = database_for_threads(request.param, tmp_path)
    with served(tmp_path / "project", engine) as one:
        write(one, forum.TEXT)
        yield one
    engine.dispose()


def write(api: Served, text: str) -> None:
    api.context.project.program_file.write_text(text, encoding="utf-8")


def body(id_: str, type_: str, member: str, at: int, **payload: Any) -> dict[str, Any]:
    """An act of the forum as the API takes it."""
    occurred_at = format_instant(forum.BEGIN + at)
    return event(id=id_, type=type_, member=member, occurred_at=occurred_at, payload=payload)


def play(api: Served) -> None:
    """All that the forum's members do."""
    told = [
        event(id=each.id, type=each.type, member=each.member_id, occurred_at=format_instant(each.occurred_at),
              payload=each.payload)
        for each in forum.acts()
    ]  # fmt: skip
    assert api.post("/v1/events/batch", {"events": told}).status_code == 200
    api.work()


def test_event__with_behaviours__awards_and_words(api: Served) -> None:
    play(api)
    found = api.get("/v1/events/shop/a1").json()
    assert (found["awarded"], found["desired"]) == (70, 70)
    by_rule = {(each["rule"], each["unit"]): each for each in found["awards"]}
    help_ = by_rule["behaviour:help", "points"]
    assert (help_["member"], help_["awarded"], help_["state"], help_["version"]) == ("bob", 20, "given", 1)
    assert help_["words"][:2] == [
        "20 spokes given for shop/a1.",
        "Behaviour help, version 1: Answer somebody's question.",
    ]
    assert by_rule["achievement:first", "badge"]["role"] == "mentor"
    assert help_["entries"] == ["earn:behaviour:help:2::shop/a1"]

    vote = api.get("/v1/events/shop/v1").json()
    assert (vote["awards"], vote["uncounted"]) == ([], ["It counts for what is told of the object: score."])
    assert found["uncounted"] == []

    capped = api.get("/v1/events/shop/a3").json()
    assert (capped["awarded"], capped["desired"]) == (0, 20)
    [suppressed] = capped["suppressed"]
    assert suppressed["rule"] == "behaviour:help" and "40 points a day" in suppressed["reason"]
    assert {each["id"] for each in capped["rules"]} == {"behaviour:help"}


def test_dry_run__of_an_act__awards_and_no_trace(api: Served) -> None:
    wanted = body("d1", "answered", "bob", 40, object="a9")
    assert api.post("/v1/events", body("w1", "asked", "ann", 0, object="q9")).status_code == 202  # it waits
    answer = api.http.post("/v1/events", params={"dry": "true"}, json=wanted)
    assert answer.headers["dry-run"] == "true", answer.text
    told = answer.json()["event"]
    assert {(each["rule"], each["awarded"]) for each in told["awards"]} == {
        ("behaviour:help", 20), ("achievement:first", 1), ("achievement:first", 50),
    }  # fmt: skip
    assert api.get("/v1/events/shop/d1").status_code == 404

    play(api)
    later = {"dry": "true", "now": format_instant(forum.NOW + 1)}
    third = body("d2", "answered", "bob", 103, object="a9")
    [capped] = api.http.post("/v1/events", params=later, json=third).json()["event"]["awards"]
    assert (capped["awarded"], capped["reason"]) == (0, "cap-points")
    assert api.get("/v1/members/bob/awards").json()["awards"][0]["event"] != "shop/d2"

    undone = body("d3", "loyaltychain.act.retracted", "bob", 103, event="shop/a1", fraud=False, reason="a mistake")
    changed = api.http.post("/v1/events", params={"dry": "true"}, json=undone).json()["event"]["changed"]
    by_rule = {(each["rule"], each["event"]): each["awarded"] for each in changed}
    assert (by_rule["behaviour:help", "shop/a1"], by_rule["behaviour:help", "shop/a3"]) == (0, 20)
    assert api.get("/v1/events/shop/a1").json()["changed"] == []


def test_awards__of_a_member__pages_with_zero_ones(api: Served) -> None:
    play(api)
    whole = api.get("/v1/members/bob/awards").json()
    assert not whole["has_more"] and whole["next_cursor"] is None
    paged: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/members/bob/awards", limit=3, **cursor).json()
        paged += page["awards"]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == whole["awards"] and len(paged) == 8
    assert [each["at"] for each in paged] == sorted((each["at"] for each in paged), reverse=True)
    assert {each["member"] for each in paged} == {"bob"}
    assert {each["reason"] for each in paged if each["awarded"] < each["desired"]} == {"cap-points"}
    assert api.get("/v1/members/nobody/awards").status_code == 404


def test_progress__of_members__numbers_and_words(api: Served) -> None:
    play(api)
    found = api.get("/v1/members/carl/progress").json()
    by_id = {each["id"]: each for each in found["progress"]["achievements"]}
    assert (by_id["rare"]["progress"]["have"], by_id["rare"]["progress"]["need"]) == (2, 3)
    assert found["progress"]["tier"]["id"] == "member" and found["progress"]["tier"]["next"]["missing"] == 60
    assert "Reviewer: 2 of 3 times. Review three times." in found["words"]

    bob = api.get("/v1/members/bob/progress").json()["progress"]
    assert bob["tier"]["id"] == "gold" and bob["roles"] == ["mentor"]
    first = next(each for each in bob["achievements"] if each["id"] == "first")
    assert (first["stage"], first["since"]) == ("held", format_instant(forum.BEGIN + 101))

    assert api.post("/v1/members", {"id": "zoe"}).status_code == 201
    assert api.get("/v1/members/zoe/progress").json()["progress"]["achievements"][0]["stage"] == "open"


def test_pending__of_a_behaviour__names_its_event_and_is_decided_by_events(api: Served) -> None:
    play(api)
    [pending] = api.get("/v1/awards").json()["awards"]
    assert (pending["source"], pending["event"], pending["rule"]) == ("shop", "g3", "behaviour:guide")
    for decision in ("activate", "cancel"):
        refused = api.post(f"/v1/awards/shop/g3/{decision}", {"reason": "looks good", "actor": "eve"})
        assert (refused.status_code, refused.json()["code"]) == (409, "award-decided")
        assert refused.json()["facts"]["rules"] == ["behaviour:guide"]


def test_progress__contract__names_all_that_it_answers(api: Served) -> None:
    """Whoever generates a client from the contract gets types, not an object of anything."""
    play(api)
    schemas = api.http.get("/openapi.json").json()["components"]["schemas"]
    answered = api.get("/v1/members/bob/progress").json()["progress"]
    assert set(schemas["Progress"]["properties"]) == set(answered)
    assert set(schemas["AchievementStanding"]["properties"]) == set(answered["achievements"][0])
    assert set(schemas["StreakStanding"]["properties"]) == set(answered["streaks"][0])
    assert set(schemas["MemberTier"]["properties"]) == set(answered["tier"])
    assert get_type_hints(progress_types.Progress).keys() == answered.keys()
    assert get_type_hints(progress_types.MemberTier).keys() == answered["tier"].keys()


def test_progress__without_behaviours__null(tmp_path: Path) -> None:
    engine = database_for_threads("sqlite", tmp_path)
    with served(tmp_path / "project", engine) as api:
        assert api.post("/v1/members", {"id": "zoe"}).status_code == 201
        found = api.get("/v1/members/zoe/progress").json()
        assert (found["progress"], found["words"]) == (None, [])
        assert api.get("/v1/achievements").json() == {"achievements": []}
        assert api.get("/v1/members/zoe/awards").json()["awards"] == []
    engine.dispose()


def test_achievements__with_holders__rarity_and_supply(api: Served) -> None:
    play(api)
    found = {each["id"]: each for each in api.get("/v1/achievements").json()["achievements"]}
    assert list(found) == ["first", "rare", "good"]
    rare = found["rare"]
    assert (rare["holders"], rare["members"], rare["rarity_permille"]) == (1, 7, 143)
    assert (rare["supply"], rare["left"]) == (1, 0)
    assert found["first"]["supply"] is found["first"]["left"] is None
    write(api, forum.TEXT.replace("good: {title", "good: {status: retired, title"))
    assert [each["id"] for each in api.get("/v1/achievements").json()["achievements"]] == ["first", "rare"]


def test_nudges__by_pages__and_for_managers(api: Served) -> None:
    play(api)
    told: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/nudges", limit=2, **cursor).json()
        told += page["nudges"]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [(each["member"], each["about"], each["id"]) for each in told] == [("carl", "achievement_near", "rare")]
    with api.with_key(api.new_key("shop")) as other:
        assert other.get("/v1/nudges").status_code == 403


def test_wait__for_behaviours__answers_with_awards(api: Served) -> None:
    api.clock.now = UnixSeconds(forum.NOW)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(api.post("/v1/events", body("n1", "asked", "ann", 0, object="q1"), Prefer="wait=10"))

    asking = threading.Thread(target=ask)
    asking.start()
    while not api.get("/v1/events").json()["events"]:
        pass
    api.work()
    asking.join(20)
    [answer] = answers
    assert answer.status_code == 200
    assert [each["awarded"] for each in answer.json()["event"]["awards"]] == [5]
