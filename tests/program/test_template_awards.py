"""templates: what their example events give
├── given the events as they stand: these awards, zero ones with their reasons
└── given them in any other order, in one run or in several: the same
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from loyaltychain.core.times import parse_instant
from loyaltychain.db.engine import reading
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.tables import members
from loyaltychain.operations.conduct.step import conduct_step, conduct_tidy
from loyaltychain.operations.conduct.tables import grants
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.starters import example_events
from tests.database import ENGINES, fresh_database

NOW = parse_instant("2026-06-01T00:00:00Z", pattern="iso", zone=None)

#: Member, rule, the event's id; then points or badges, and why it is less than it would have been.
AWARDS = {
    "new-community": """
        ann settled-in e-1 1
        ann complete-profile e-1 50
        ann back-again e-4 1
        ann back-again e-4 10
        ann first-help e-5 1
        ann first-help e-5 30
        ann useful-reply e-5 20
        bob good-question e-3 10
        bob useful-reply e-10 0 self-dealing
        cleo settled-in e-7 1
        cleo complete-profile e-7 50
    """,
    "relaunch": """
        ann have-your-say e-1 1
        ann have-your-say e-1 10
        ann have-a-say e-1 20
        ann legacy-supporter e-6 1
        ann two-days e-2 1
        ann welcome-back e-2 1
        ann welcome-back e-2 40
        ann have-a-say e-2 20
        bob thanked e-4 1
        bob thanked e-4 30
        bob thanked-project e-4 25
        bob have-your-say e-5 1
        bob have-your-say e-5 10
        bob two-days e-5 1
        bob have-a-say e-5 20
    """,
    "publisher": """
        ann first-save e-1 1
        ann first-save e-1 5
        ann save-article e-1 5
        ann comment e-4 20
        ann second-morning e-5 1
        ann first-voice e-4 1
        ann first-voice e-4 20
        bob correction e-8 60
    """,
    "commerce": """
        ann welcome e-1 1
        ann complete-profile e-1 150
        ann new-category e-3 50
        ann second-visit e-4 1
        ann second-visit e-4 10
        ann review e-5 200
        ann first-review e-5 1
        ann first-review e-5 50
        ann friend e-8 500
        dora friend e-8 200
    """,
    "ai-tools": """
        ann hello-model e-1 1
        ann first-run e-1 20
        ann second-session e-2 1
        ann second-session e-2 10
        ann first-answer e-5 1
        ann first-answer e-5 30
        ann accepted-answer e-5 40
        ann publish-model e-6 200
        ann first-model e-6 1
        ann first-model e-6 50
        bob feedback e-10 30
    """,
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    fresh = fresh_database(request.param)
    yield fresh
    fresh.dispose()


def awards(engine: Engine, name: str, texts: list[str], scratch: Path) -> list[str]:
    """What the events of these files give under a template, file after file."""
    program = parse_program(template(name))
    file, rejects = scratch / "events.jsonl", scratch / "rejects.csv"
    for text in texts:
        file.write_text(text, encoding="utf-8")
        ingest_file(engine, file, format="jsonl", event_map=None, received_at=NOW, rejects=rejects)
        while earn_step(engine, program, now=NOW).events:
            pass
        while conduct_step(engine, program, now=NOW).work:
            pass
        conduct_tidy(engine, program, now=NOW)
    columns = (members.c.member_id, grants.c.rule, grants.c.cause, grants.c.awarded, grants.c.reason)
    query = select(*columns).join(members, members.c.number == grants.c.member).where(grants.c.is_latest == 1)
    with reading(engine) as tx:
        rows = tx.execute(query.where((grants.c.state != "gone") | (grants.c.awarded != 0))).all()
    return sorted(
        " ".join(str(part) for part in (member, rule.split(":")[1], cause.split("/")[1], awarded, reason or "")).strip()
        for member, rule, cause, awarded, reason in rows
    )


def expected(name: str) -> list[str]:
    return sorted(line.strip() for line in AWARDS[name].strip().splitlines())


def lines_of(name: str) -> list[str]:
    text = example_events(name)
    assert text is not None
    return text.splitlines(keepends=True)


@pytest.mark.parametrize("name", AWARDS)
def test_examples__as_they_stand__first_awards(engine: Engine, name: str, tmp_path: Path) -> None:
    assert awards(engine, name, ["".join(lines_of(name))], tmp_path) == expected(name)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", AWARDS)
@given(data=st.data())
def test_examples__in_any_order_and_portions__the_same(name: str, data: st.DataObject, tmp_path: Path) -> None:
    lines = data.draw(st.permutations(lines_of(name)))
    cut = data.draw(st.integers(0, len(lines)))
    engine = fresh_database("sqlite")
    try:
        found = awards(engine, name, ["".join(lines[:cut]), "".join(lines[cut:])], tmp_path)
    finally:
        engine.dispose()

    assert found == expected(name)
