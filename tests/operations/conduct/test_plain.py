"""What is given without opening a purse
├── any points that are new, and any badge: the same entry, lot and standing as through the purse
├── beyond what a batch can settle, or without an expiry that can be told: the same problem
└── who owes, whose lot is due, or of whom the run takes something: through the purse
"""

from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from loyaltychain.ledger.lots import Movement
from loyaltychain.ledger.plain import Plain
from loyaltychain.ledger.post import lock_posts
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.written import write_entry
from loyaltychain.operations.conduct.change import Change, Standing
from loyaltychain.operations.conduct.names import award_name
from loyaltychain.operations.conduct.plain import find_plain, is_plain
from loyaltychain.operations.conduct.post import Poster
from loyaltychain.operations.conduct.revise import inputs_text
from loyaltychain.operations.types import NO_BOUNDS, Bounds
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.rules.engine.types import Grant
from tests.operations.conduct.forum import DAY, NOW, START, answered, approved, asked, fold, forum, number_of, take

PROGRAM = forum()
DIGEST = f"0x{PROGRAM.digest.hex()}"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
INPUTS = st.dictionaries(TEXTS, st.integers(-(2**60), 2**60) | TEXTS | st.none() | st.booleans(), max_size=3)
GRANTS = st.builds(
    Grant, rule=TEXTS.map("behaviour:{}".format), unit=st.just("points"), cause=TEXTS.map("forum/{}".format),
    occurrence=st.just("") | TEXTS, at=st.integers(0, NOW), desired=st.integers(0, 2**53 - 1),
    awarded=st.integers(1, 2**29), state=st.just("given"), reason=st.none() | st.sampled_from(["cap-points", "budget"]),
    qualifying=st.integers(0, 2**40), due_at=st.none(), role=st.none(), inputs=INPUTS,
    expiry=st.none() | st.builds(Lifetime, months=st.integers(1, 9), days=st.just(0)) | st.just(Lifetime(0, 10**9)),
    version=st.just(DIGEST) | st.just("0xfe"),
)  # fmt: skip


def _change(grant: Grant, member: int = 7, revision: int = 1, **more) -> Change:
    award = award_name(grant.rule, MemberNumber(member), grant.occurrence, grant.cause)
    version = grant.version if grant.version == DIGEST else None
    at = UnixSeconds(grant.at)
    return Change(
        grant, MemberNumber(member), revision, more.pop("before", Standing()), grant.cause, at, PROGRAM,
        inputs_text(grant), award, version, **more,
    )  # fmt: skip


def _post(change: Change, head: MemberNumber, *, plain: bool, bounds: Bounds):
    purses = {} if plain else {head: Purse(head)}
    poster = Poster(purses, bounds, NOW, {head: 0}, plain=frozenset({head}) if plain else frozenset())
    posted = poster.post(change, head)
    return posted, poster.movements


@given(GRANTS, st.sampled_from([7, 9]), st.sampled_from([NO_BOUNDS, Bounds(award=2**20, redemption=2**20)]))
def test_points__any__as_through_the_purse(grant: Grant, head: int, bounds: Bounds) -> None:
    change, member = _change(grant), MemberNumber(head)
    assert is_plain(change)
    quick, [*written] = _post(change, member, plain=True, bounds=bounds)
    slow, [*moved] = _post(change, member, plain=False, bounds=bounds)
    assert quick == slow
    assert len(written) == len(moved)
    for each, other in zip(written, moved, strict=True):
        assert isinstance(each, Plain) and isinstance(other, Movement)
        assert each.written == write_entry(other.entry)
        lot = other.made
        assert lot is not None
        assert (each.amount, each.expires_at, each.due_at, each.award, each.written.occurred_at) == (
            lot.amount, lot.expires_at, lot.due_at, lot.award, lot.earned_at
        )  # fmt: skip


@given(GRANTS)
def test_badge__any__document_is_what_the_library_writes(grant: Grant) -> None:
    grant.rule, grant.unit, grant.awarded = f"achievement:{grant.cause}", "badge", 1
    change = _change(grant)
    poster = Poster({}, NO_BOUNDS, NOW, {})
    poster.post(change, MemberNumber(9))
    [given_] = poster.movements
    assert isinstance(given_, Plain) and given_.amount == 0
    assert given_.written.member == 7  # hers whose act it was, not who stands for her
    stamp = poster._stamp(change, "badge", change.details, by_rule=True)
    poster._append(change.member, stamp, "badge", list(given_.written.moves))
    slow = poster.movements[1]
    assert isinstance(slow, Movement) and write_entry(slow.entry) == given_.written


def test_who_needs_a_purse(engine) -> None:
    take(engine, asked("q1", "ann", 0), answered("a1", "bob", 100, "q1"), asked("q2", "cat", 200))
    fold(engine, forum(), now=START + DAY)  # bob's points wait for a word, which comes too late
    numbers = {name: MemberNumber(number_of(engine, name)) for name in ("ann", "bob", "cat")}
    new = Grant("behaviour:x", "points", "forum/1", "", START, 5, 5, version=DIGEST)
    taken = Grant("behaviour:y", "points", "forum/2", "", START, 0, 0, version=DIGEST)
    with transaction(engine) as tx:
        lock_posts(tx)
        moving = [(number, _change(new, number)) for number in numbers.values()]
        moving.append((numbers["cat"], _change(taken, numbers["cat"], 2, before=Standing(5))))
        soon, late = (find_plain(tx, moving, UnixSeconds(at)) for at in (START + DAY, START + 30 * DAY))
    assert soon == {numbers["ann"], numbers["bob"]}
    assert late == {numbers["ann"]}
    take(engine, approved("p1", 200, "a1"))
    fold(engine, forum())
