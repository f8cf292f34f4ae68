"""Links of members, and a moderator's word."""

import pytest
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.operations.merge import merge
from loyaltychain.operations.proofs.attest import attest
from loyaltychain.operations.proofs.batches import find_behaviour
from loyaltychain.operations.proofs.links import ShareLink, list_links, make_link, read_link, revoke_link
from loyaltychain.operations.proofs.verify import with_proof
from loyaltychain.rules.engine.engine import compile_engine
from loyaltychain.rules.engine.fold import fold
from loyaltychain.rules.engine.types import Fact
from tests.operations.proofs.world import NOW, PROGRAM, after, join, judge, link, proofs, refused, tell, word
from tests.rules.engine.making import Decisions

FOLLOWED = {"kind": "link_followed"}
TALKED = {"kind": "talked"}


def new_link(engine: Engine, member: MemberNumber, **utm: str) -> ShareLink:
    with transaction(engine) as tx:
        return make_link(tx, member, find_behaviour(PROGRAM, "share", "link"), utm, actor="eve", now=NOW)


def test_a_link_is_its_members_and_counts_who_follows_it(engine: Engine) -> None:
    ann, _ = join(engine, "ann", "bob")
    made = new_link(engine, ann, source="newsletter", medium="mail")
    assert (made.member_id, made.utm, made.clicks) == ("ann", {"source": "newsletter", "medium": "mail"}, 0)
    assert refused(engine, "1", "ann", link(made.token), **FOLLOWED) is None
    assert refused(engine, "2", "ann", link(made.token), **FOLLOWED) is None
    assert refused(engine, "3", "bob", link(made.token), **FOLLOWED) == "other-member"
    assert refused(engine, "4", "ann", link(made.token)) == "other-behaviour"
    assert refused(engine, "5", "ann", link("no-such-link"), **FOLLOWED) == "unknown-link"
    with reading(engine) as tx:
        assert read_link(tx, made.token).clicks == 2


def test_a_token_has_nothing_of_its_member_and_is_never_the_same(engine: Engine) -> None:
    [annabelle] = join(engine, "annabelle")  # so long that chance does not write it
    tokens = {new_link(engine, annabelle).token for _ in range(20)}
    assert len(tokens) == 20 and all(len(each) == 24 and "annabelle" not in each for each in tokens)


def test_a_link_that_was_revoked_proves_nothing_more(engine: Engine) -> None:
    [ann] = join(engine, "ann")
    made = new_link(engine, ann)
    with transaction(engine) as tx:
        revoke_link(tx, made.token, reason="spam", actor="eve", now=after(5))
    assert refused(engine, "1", "ann", link(made.token), at=after(4), **FOLLOWED) is None
    assert refused(engine, "2", "ann", link(made.token), at=after(5), **FOLLOWED) == "revoked"


def test_a_link_goes_over_with_its_member(engine: Engine) -> None:
    ann, bob = join(engine, "ann", "bob")
    made = new_link(engine, bob)
    with transaction(engine) as tx:
        merge(tx, merged=bob, survivor=ann, reason="one person", actor="eve", now=NOW)
    assert refused(engine, "1", "ann", link(made.token), **FOLLOWED) is None
    with reading(engine) as tx:
        assert [each.member_id for each in list_links(tx)] == ["ann"]


@pytest.mark.parametrize("utm", [{"colour": "red"}, {"source": ""}, {"source": "x" * 201}, {"source": "a\nb"}])
def test_other_utm_is_refused(engine: Engine, utm: dict[str, str]) -> None:
    [ann] = join(engine, "ann")
    with pytest.raises(errors.InvalidOperation):
        new_link(engine, ann, **utm)


# A moderator's word.


def test_edge_62__nobody_attests_to_what_they_did_themselves(engine: Engine) -> None:
    ann, mod = join(engine, "ann", "mod")
    with transaction(engine) as tx:
        identity.add_alias(tx, "moderator-7", mod, NOW)
    assert refused(engine, "1", "ann", word("mod"), **TALKED) is None
    assert refused(engine, "2", "mod", word("mod"), **TALKED) == "self-attested"
    assert refused(engine, "3", "mod", word("moderator-7"), **TALKED) == "self-attested"
    with transaction(engine) as tx:
        merge(tx, merged=mod, survivor=ann, reason="one person", actor="eve", now=NOW)
    assert refused(engine, "4", "ann", word("mod"), **TALKED) == "self-attested"


def test_edge_62__who_gains_by_it_may_not_be_who_attests_either(engine: Engine) -> None:
    join(engine, "ann", "mod")
    tell(engine, "1", "ann", word("mod"), **TALKED)
    judge(engine)
    proof = proofs(engine)["1"]
    assert proof == {"kind": "attested", "behaviour": None, "by": 2}
    assert [each.reason for each in folded(proof, actor=1)] == [None]
    assert [each.reason for each in folded(proof, actor=2)] == ["proof-missing"]


def folded(proof: object, actor: int) -> list[object]:
    """The grants for a talk with this proof, as the engine sees it."""
    fact = Fact(NOW, "app", "1", "talked", {"proof": proof}, MemberNumber(actor), ("actor",))
    engine = compile_engine(PROGRAM)
    return list(fold({"": engine}, [fact], engine.new_state(), Decisions()).grants.values())


def test_an_event_from_before_anybody_was_asked_is_not_attested(engine: Engine) -> None:
    """What stands in the log without a note of it was told when every key could say so."""
    join(engine, "ann", "mod")
    tell(engine, "1", "ann", word("mod"), **TALKED)
    with transaction(engine) as tx:
        trigger = "no_delete_attestations" + (" ON attestations" if engine.dialect.name == "postgresql" else "")
        tx.exec_driver_sql(f"DROP TRIGGER {trigger}")
        tx.exec_driver_sql("DELETE FROM attestations")
    judge(engine)
    assert proofs(engine)["1"] == {"kind": None, "refused": "not-attested"}


@pytest.mark.parametrize("by", [None, "", "  ", 7, "x" * 201, "a\nb"])
def test_a_word_in_nobodys_name_is_not_taken(engine: Engine, by: object) -> None:
    join(engine, "ann")
    with pytest.raises(errors.InvalidEvent, match="whose word"):
        tell(engine, "1", "ann", {"kind": "attested", "by": by}, **TALKED)


def test_the_operator_attests_by_command_once_and_never_for_oneself(engine: Engine) -> None:
    join(engine, "ann", "mod")

    def say(member: str, by: str) -> bool:
        with transaction(engine) as tx:
            event, is_known = attest(
                tx, find_behaviour(PROGRAM, "talk", "attested"), source="operator", id_="t1", member_id=member, by=by,
                about="hall-2", at=NOW, now=NOW,
            )  # fmt: skip
            assert event.payload == {"proof": {"kind": "attested", "by": by}, "object": "hall-2"}
            return is_known

    assert [say("ann", "mod"), say("ann", "mod")] == [False, True]
    with pytest.raises(errors.IdempotencyConflict):
        say("ann", "the board")
    with pytest.raises(errors.InvalidOperation, match="somebody else"):
        say("mod", "mod")
    judge(engine)
    assert proofs(engine)["t1"]["kind"] == "attested"


def test_what_an_app_says_itself_never_reaches_the_engine() -> None:
    forged = {"proof": {"kind": "code", "behaviour": "visit"}, "x": 1}
    assert with_proof(forged, None) == {"x": 1}
    assert with_proof(forged, {"kind": None, "refused": "used"}) == {"x": 1, "proof": {"kind": None, "refused": "used"}}
    assert with_proof({"x": 1}, None) == {"x": 1}
