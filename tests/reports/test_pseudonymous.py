"""the pseudonymous export

given members whose ids stand in events' ids, payloads, rates' sources, reasons, and other members' events
└── no byte of the export holds one; entries that would are sealed, and nothing else is
given events that rules read
├── their facts are numbers, a currency and a rate; what gave nothing comes after the entries, with why
└── events that no rule reads are not in it
given entries that no final batch settled
└── they are not in it
given pages of any size
└── the rows are the same
parts_of: every part that begins and ends where a word does, of a text that has few enough of them
"""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from loyaltychain.chain.tables import publications
from loyaltychain.core import canonical
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.money import EXACT_MAX
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events.tables import member_aliases
from loyaltychain.operations.adjust import adjust
from loyaltychain.program.types import Currencies, Program
from loyaltychain.reports.jobs import create_job, file_of, read_job, run_jobs, write_now
from loyaltychain.reports.pseudonymous import Reading, facts_of, parts_of
from tests.events.builders import make_event
from tests.operations.builders import NOW, purchase
from tests.operations.order_builders import back, order, payment, work
from tests.program.builders import make_order_program, make_rule
from tests.reports.settled import publish, settle

ANN, ANNS_OTHER, BOB, CAY, DOT = "ann.smith@example.com", "card:9001-ann", "bob-17", "=cay", "4477009001"
IDS = (ANN, ANNS_OTHER, BOB, CAY, DOT)
RATE = {"rate": "+0.50", "source": f"asked by {BOB}", "as_of": "2026-01-01"}


@pytest.fixture(scope="module")
def program() -> Program:
    """Points for orders, line by line, and for purchases, also in other currencies."""
    return make_order_program(
        make_rule(event="order"),
        make_rule(id="till", event="purchase"),
        currencies=Currencies("exchange", "down"),
    )


def play(engine: Engine, program: Program) -> None:
    """Four members; the events' positions are those of the list."""
    publish(engine, program)
    noted = {"amount": 1_530, "currency": "GBP", "note": f"ask {ANN}", "member": ANN}
    work(
        engine,
        purchase(1, ANN, payload=noted),  # 1: open, and what it says besides stays here
        make_event(id=f"{ANN}#2", member_id=ANN),  # 2: sealed, by her own id
        make_event(id=f"for:{BOB}", member_id=CAY),  # 3: sealed, by another's
        purchase(4, BOB, payload={"amount": 3_000, "currency": "EUR", "exchange": RATE}),  # 4: sealed, by the source
        order(5, ("1", ANN, 1, 1_999), ("2", "tray", 1, 250), member=BOB),  # 5: open
        purchase(6, CAY, amount=99),  # 6: nothing
        purchase(7, CAY, payload={"amount": "x", "currency": "GBP"}),  # 7: refused
        make_event(id="8", type="visit", member_id=DOT),  # 8: nobody reads it
        back(9, 5, {"1": 1}, member=BOB),  # 9: an entry, and no event of the export
        payment(10, 1, member=ANN),  # 10
        make_event(id=f"x/{DOT}/", member_id=BOB),  # 11: sealed, by a number that may be somebody's
        make_event(id="17", member_id=BOB),  # 12: open: a number of two digits is nobody's
        make_event(id=f"INV{ANNS_OTHER.upper()}", member_id=ANN),  # 13: sealed, by her other id in capitals
        make_event(id="0_cay_1", member_id=CAY),  # 14: open: her id begins with a sign
        make_event(id="14", source="till", member_id="till"),  # 15: sealed: the source is her id; others' are not
        make_event(id="15", source="till", member_id=BOB),  # 16: open
        make_event(id="al_7", member_id="al"),  # 17: sealed, a short id between signs
        make_event(id="royal8", member_id="al"),  # 18: open: a short id in a word
        program=program,
    )
    with transaction(engine) as tx:
        tx.execute(insert(member_aliases), [{"member_id": ANNS_OTHER, "number": 1, "since": NOW}])
        adjust(tx, source="office", id_="1", member=1, points=5, reason=f"sorry, {BOB}", actor="eve", now=NOW)  # type: ignore[arg-type]
    work(engine, make_event(id=f"late {ANNS_OTHER}", member_id=ANN), program=program)  # 19: sealed, by her alias


def export(engine: Engine, page_size: int = 1_000) -> bytes:
    stream = io.BytesIO()
    with reading(engine) as tx:
        write_now(tx, stream, kind="pseudonymous", at=NOW, page_size=page_size)
    return stream.getvalue()


@pytest.fixture
def rows(engine: Engine, program: Program) -> list[dict[str, Any]]:
    """The export of that history, all of it settled."""
    play(engine, program)
    settle(engine, 17)
    content = export(engine)
    assert export(engine, page_size=3) == content
    for id_ in IDS:
        for form in (id_.encode(), id_.upper().encode(), json.dumps(id_)[1:-1].encode(), id_.encode("utf-16-le")):
            assert form not in content, id_
    assert b"sorry" not in content
    assert b"ask " not in content
    return [json.loads(line) for line in content.splitlines()]


def test_pseudonymous__ids_anywhere__are_in_no_byte_and_only_their_entries_are_sealed(
    rows: list[dict[str, Any]],
) -> None:
    entries = [row for row in rows if row["record"] == "entry"]

    told = [row["document"] and row["document"]["cause"] for row in entries]
    assert told == [
        "shop/INV-1", None, None, None, "shop/E-5", "shop/R-9", "shop/RED-10", None, "shop/17",
        None, "shop/0_cay_1", None, "till/15", None, "shop/royal8", None, None,
    ]  # fmt: skip
    assert [row["position"] for row in entries] == list(range(1, 18))
    for row in entries:
        if row["document"] is not None:
            assert row["digest"] == to_hex(canonical.digest(row["document"]))
        else:
            assert (row["event"], row["type"], row["facts"]) == (None, None, None)


def test_pseudonymous__events__are_facts_that_rules_read(rows: list[dict[str, Any]]) -> None:
    told = {row["event"]: (row["type"], row["facts"], row["outcome"]) for row in rows if row["event"] is not None}

    assert told == {
        1: ("purchase", {"amount": 1_530, "currency": "GBP"}, None),
        5: ("order", {"currency": "GBP", "lines": [1_999, 250]}, None),
        6: ("purchase", {"amount": 99, "currency": "GBP"}, "nothing"),
        7: ("purchase", {"currency": "GBP"}, "invalid-event"),
        12: ("purchase", {"amount": 1_530, "currency": "GBP"}, None),
        **dict.fromkeys((14, 16, 18), ("purchase", {"amount": 1_530, "currency": "GBP"}, None)),
    }
    assert [row["record"] for row in rows[-2:]] == ["event", "event"]


def test_pseudonymous__what_no_final_batch_settled__is_not_in_it(engine: Engine, program: Program) -> None:
    play(engine, program)
    settle(engine, 2)

    rows = [json.loads(line) for line in export(engine).splitlines()]
    assert [row["position"] for row in rows if row["record"] == "entry"] == [1, 2]


def test_pseudonymous__rules_of_which_only_the_hash_is_known__read_nothing(engine: Engine, program: Program) -> None:
    play(engine, program)
    with transaction(engine) as tx:
        tx.execute(publications.insert(), [{"network": "local", "number": 2, "from_position": 9, "digest": "0x07",
                                            "document": "null", "block_number": 5}])  # fmt: skip
    assert b'"type":"purchase"' in export(engine)


def test_pseudonymous__as_a_job__the_same_bytes_whatever_comes_meanwhile(
    engine: Engine, program: Program, tmp_path: Path
) -> None:
    play(engine, program)
    settle(engine, 17)
    now = NOW
    with transaction(engine) as tx:
        job = create_job(tx, kind="pseudonymous", format_="jsonl", parameters={}, actor="key:k", now=now)
    before = export(engine)
    work(engine, purchase(99, BOB, amount=1), program=program)
    assert run_jobs(engine, tmp_path, now=now, page_size=4) == 1

    with reading(engine) as tx:
        assert file_of(tmp_path, read_job(tx, job.id)).read_bytes() == before


@pytest.mark.parametrize(
    ("payload", "facts"),
    [({"amount": 5, "currency": "gbp"}, '{"amount":5}'), ({"amount": True, "currency": "GBP "}, None),
     ({"lines": [{"amount": 5}, {"amount": None}]}, None), ({"lines": {"amount": 5}}, None),
     ({"lines": []}, '{"lines":[]}'), ({"amount": "ann", "currency": "ann", "exchange": {"rate": "1e5"}}, None),
     ({"exchange": {"rate": "2.5"}}, '{"rate":"2.5"}'), ({"exchange": "ann"}, None),
     ({"amount": -EXACT_MAX}, f'{{"amount":-{EXACT_MAX}}}')],
)  # fmt: skip
def test_facts_of__anything_else__is_left_out(payload: dict[str, Any], facts: str | None) -> None:
    reads = Reading(frozenset({"both"}), frozenset({"both"}))

    assert facts_of("both", canonical.encode_text(payload), reads) == facts


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=8), st.from_regex(r"[a-z]{1,5}(?:[-.@][a-z]{1,5})?", fullmatch=True), st.text(max_size=8))
def test_parts_of__an_id_between_signs__is_among_them(before: str, id_: str, behind: str) -> None:
    found = parts_of(f"{before}/{id_} {behind}")
    assert found is None or id_ in found


def test_parts_of__a_text_of_a_hundred_words__is_not_looked_through() -> None:
    found = parts_of("0d5f8d0e-3c3e-4b61-9f6e-2a4f4f9c7c11/shop:order:7")
    assert found is not None and "shop:order" in found
    assert parts_of("a-" * 100) is None


@pytest.mark.parametrize(
    "event_id", ["o-ann.smith%40example.com-1", "o-ANN.Smith@Example.com", "o-ann.smith＠example.com"]
)
def test_pseudonymous__an_own_id_in_another_form__is_sealed(engine: Engine, program: Program, event_id: str) -> None:
    publish(engine, program)
    work(engine, make_event(id=event_id, member_id=ANN, payload={"amount": 1_000, "currency": "GBP"}), program=program)
    settle(engine, 1)
    stream = io.BytesIO()
    with reading(engine) as tx:
        write_now(tx, stream, kind="pseudonymous", at=NOW)

    (row,) = map(json.loads, stream.getvalue().splitlines())
    assert (row["record"], row["document"], row["facts"]) == ("entry", None, None)
