"""Codes: how they look, what they are good for, and for whom no more."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from loyaltychain.core import errors
from loyaltychain.db.engine import reading, transaction
from loyaltychain.operations.merge import merge
from loyaltychain.operations.proofs.batches import find_behaviour, list_batches, make_batch, read_batch, revoke_batch
from loyaltychain.operations.proofs.codes import ALPHABET, SYMBOLS, code_digest, make_code, read_code
from tests.operations.proofs.world import (
    DAY,
    NOW,
    PROGRAM,
    after,
    code,
    found,
    join,
    judge,
    make_codes,
    proofs,
    refused,
    tell,
)


def test_a_code_has_at_least_100_random_bits_and_no_symbol_that_looks_like_another() -> None:
    assert len(ALPHABET) == 32 and 5 * SYMBOLS >= 100
    assert not set("ILOU") & set(ALPHABET)
    made = [make_code() for _ in range(500)]
    assert len(set(made)) == 500
    assert all(re.fullmatch(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}", each) for each in made)
    places = [Counter(each.replace("-", "")[place] for each in made) for place in range(SYMBOLS)]
    assert min(map(len, places)) >= 25  # of 32: no place is fixed


@given(st.text(alphabet=ALPHABET, min_size=SYMBOLS, max_size=SYMBOLS), st.booleans())
def test_however_it_is_typed_it_is_the_same_code(plain: str, is_lower: bool) -> None:
    typed = plain.replace("1", "l").replace("0", "o") if is_lower else f" {plain[:7]}-{plain[7:]} "
    assert read_code(typed.lower() if is_lower else typed) == plain
    assert code_digest(typed) == code_digest(plain)


@given(st.text(max_size=120))
def test_any_other_text_is_no_code(told: str) -> None:
    read = read_code(told)
    assert read is None or len(read) == SYMBOLS


def test_the_database_keeps_hashes_alone(engine: Engine) -> None:
    _, codes = make_codes(engine, count=3)
    with reading(engine) as tx:
        kept = set(tx.execute(text("SELECT digest FROM codes")).scalars())
    assert kept == {code_digest(each) for each in codes}
    plain = {each.replace("-", "").lower() for each in codes}
    assert not any(each in digest.lower() for each in plain for digest in kept)


def test_a_code_is_good_once(engine: Engine) -> None:
    _, [one] = make_codes(engine)
    assert refused(engine, "1", "ann", code(one)) is None
    assert proofs(engine)["1"] == {"kind": "code", "behaviour": "visit", "by": None}
    assert refused(engine, "2", "bob", code(one.lower())) == "used"


def test_a_code_for_many_is_good_once_for_each(engine: Engine) -> None:
    _, [one] = make_codes(engine, uses=2)
    assert refused(engine, "1", "ann", code(one)) is None
    assert refused(engine, "2", "ann", code(one)) == "used-by-member"
    assert refused(engine, "3", "bob", code(one)) is None
    assert refused(engine, "4", "cat", code(one)) == "used"


def test_within_one_run_the_order_of_intake_decides(engine: Engine) -> None:
    _, [one] = make_codes(engine)
    for name, member, at in (("late", "ann", NOW + 9), ("early", "bob", NOW)):
        tell(engine, name, member, code(one), at=at)
    judge(engine)
    assert found(engine) == {"late": None, "early": "used"}


def test_judging_again_changes_nothing(engine: Engine) -> None:
    _, [one] = make_codes(engine)
    tell(engine, "1", "ann", code(one))
    judge(engine)
    tell(engine, "2", "bob", code(one))
    for _ in range(2):
        judge(engine)
    assert found(engine) == {"1": None, "2": "used"}


@pytest.mark.parametrize("said", [
    {}, {"kind": "code"}, {"kind": "code", "code": 7}, {"kind": "code", "code": "short"}, {"kind": "QR"}, "code", None,
    [], {"kind": ["code"]}, {"kind": {"code": 1}},
])  # fmt: skip
def test_what_is_no_proof_is_malformed(engine: Engine, said: object) -> None:
    assert refused(engine, "1", "ann", said) == "malformed"
    assert proofs(engine)["1"]["kind"] is None


def test_a_guess_is_unknown(engine: Engine) -> None:
    make_codes(engine)
    assert refused(engine, "1", "ann", code(make_code())) == "unknown-code"


def test_a_code_is_for_its_behaviour_alone_and_is_not_burnt_by_another(engine: Engine) -> None:
    _, [one] = make_codes(engine)
    assert refused(engine, "1", "ann", code(one), kind="talked") == "other-behaviour"
    assert refused(engine, "2", "ann", code(one)) is None


def test_a_code_expires_by_when_it_came_not_by_when_its_source_says(engine: Engine) -> None:
    _, [one] = make_codes(engine, until=after(DAY), uses=9)
    assert refused(engine, "1", "ann", code(one), at=after(DAY - 1)) is None
    assert refused(engine, "2", "bob", code(one), at=NOW, came=after(DAY)) == "expired"


def test_a_member_who_went_over_into_another_is_the_same(engine: Engine) -> None:
    _, [one] = make_codes(engine, uses=2)
    ann, bob = join(engine, "ann", "bob")
    assert refused(engine, "1", "bob", code(one)) is None
    with transaction(engine) as tx:
        merge(tx, merged=bob, survivor=ann, reason="one person", actor="eve", now=NOW)
    assert refused(engine, "2", "ann", code(one)) == "used-by-member"


# EDGE 63: farmers.


def test_edge_63__a_leaked_batch_is_revoked_and_the_others_stay_good(engine: Engine) -> None:
    leaked, codes = make_codes(engine, count=3)
    _, [other] = make_codes(engine)
    assert refused(engine, "1", "ann", code(codes[0])) is None
    with transaction(engine) as tx:
        ended = revoke_batch(tx, leaked, reason="posted in a forum", actor="eve", now=after(60))
        again = revoke_batch(tx, leaked, reason="once more", actor="adam", now=after(90))
    assert (ended.ended_at, again.end_reason) == (after(60), "posted in a forum")
    assert refused(engine, "2", "bob", code(codes[1]), at=after(60)) == "revoked"
    assert refused(engine, "3", "cat", code(codes[2]), at=after(59)) is None  # it had come before
    assert refused(engine, "4", "bob", code(other), at=after(60)) is None


def test_edge_63__a_farmer_with_many_accounts_gets_as_many_as_there_are_codes(engine: Engine) -> None:
    _, codes = make_codes(engine, count=3)
    for farmer in range(10):
        tell(engine, f"f{farmer}", f"sock{farmer}", code(codes[farmer % 3]))
    judge(engine)
    assert Counter(found(engine).values()) == {None: 3, "used": 7}


def test_edge_63__nothing_is_drawn_from_telling_one_event_twice(engine: Engine) -> None:
    name, [one] = make_codes(engine, uses=5)
    tell(engine, "1", "ann", code(one))
    judge(engine)
    judge(engine)
    with reading(engine) as tx:
        assert read_batch(tx, name).used == 1


# Batches.


def test_batches_are_listed_with_what_became_of_them(engine: Engine) -> None:
    first, codes = make_codes(engine, count=2, uses=3)
    second, _ = make_codes(engine, name="fair-2026")
    assert (first, second) == ("codes-1", "fair-2026")
    assert refused(engine, "1", "ann", code(codes[0])) is None
    with reading(engine) as tx:
        listed = {each.id: (each.count, each.uses, each.used) for each in list_batches(tx)}
    assert listed == {"codes-1": (2, 3, 1), "fair-2026": (1, 1, 0)}


@pytest.mark.parametrize("change", [
    {"count": 0}, {"count": 100_001}, {"uses": 0}, {"until": NOW}, {"name": "twice"},
])  # fmt: skip
def test_a_batch_that_makes_no_sense_is_refused(engine: Engine, change: dict[str, object]) -> None:
    make_codes(engine, name="twice")
    with pytest.raises(errors.InvalidOperation):
        make_codes(engine, **change)  # type: ignore[arg-type]


def test_a_behaviour_without_codes_is_refused_with_those_that_have_them(engine: Engine) -> None:
    with pytest.raises(errors.InvalidOperation, match=r"It has: visit, show\."):
        find_behaviour(PROGRAM, "talk", "code")
    with pytest.raises(errors.InvalidOperation, match=r"did you mean 'visit'"):
        find_behaviour(PROGRAM, "visti", "code")
    with pytest.raises(errors.InvalidOperation, match=r"Add that to one of its behaviours"):
        find_behaviour(replace(PROGRAM, conduct=None), "visit", "code")
    with transaction(engine) as tx, pytest.raises(errors.InvalidOperation, match="no batch"):
        revoke_batch(tx, "none", reason="x", actor="eve", now=NOW)


def test_a_name_that_was_taken_by_hand_is_not_given_again(engine: Engine) -> None:
    make_codes(engine, name="codes-2")
    assert make_codes(engine)[0] == "codes-3"
    with transaction(engine) as tx, pytest.raises(errors.InvalidEvent):
        make_batch(tx, find_behaviour(PROGRAM, "visit", "code"), id_="no name!", count=1, uses=1, until=None,
                   actor="eve", now=NOW)  # fmt: skip
