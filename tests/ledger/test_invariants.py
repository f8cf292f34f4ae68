"""Any sequence of posts, on each engine, keeps the ledger's invariants.

ledger-1  what came in somewhere went out somewhere, per unit
ledger-2  no member is below zero, in the totals and after any position
ledger-3  totals are the fold of the postings
ledger-4  one id, one digest

The model is a dict; it decides what each call must answer.
"""

from collections import Counter
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import ISSUED, ON_CHAIN, REDEEMED, available, held
from loyaltychain.ledger.checks import check_entries
from loyaltychain.ledger.post import post
from tests.database import ENGINES, fresh_database
from tests.ledger.builders import ANN, BADGE, BOB, make_entry, make_posting

OF_MEMBERS = {member: (available(member), held(member)) for member in (ANN, BOB)}


@st.composite
def posted_entries(draw):
    """One member's entry under one of few ids, so that ids are met again with equal and other content."""
    accounts = [ISSUED, REDEEMED, *OF_MEMBERS[draw(st.sampled_from([ANN, BOB]))]]
    source, destination = draw(st.permutations(accounts))[:2]
    unit = draw(st.sampled_from([POINTS, BADGE]))
    posting = make_posting(source, destination, unit=unit, amount=draw(st.integers(1, 3)))
    return make_entry(f"e{draw(st.integers(0, 30))}", posting, recorded_at=draw(st.integers(0, 3)))


class LedgerMachine(RuleBasedStateMachine):
    engine_name: ClassVar[str]

    @initialize()
    def open(self) -> None:
        self.database = fresh_database(self.engine_name)
        self.digests: dict[str, bytes] = {}
        self.balances: Counter = Counter()

    def expect(self, call):
        """What the model says the call answers: a list, or the error's type. Keeps the new state if there is one."""
        digests, balances, answers, overdrawn = dict(self.digests), Counter(self.balances), [], False
        for entry in call:
            answers.append(entry.id not in digests)
            if digests.setdefault(entry.id, entry.digest) != entry.digest:
                return errors.IdempotencyConflict
            for posting in entry.postings if answers[-1] else ():
                balances[posting.source, posting.unit] -= posting.amount
                balances[posting.destination, posting.unit] += posting.amount
                if posting.source.endswith(ON_CHAIN) and balances[posting.source, posting.unit] < 0:
                    overdrawn = True  # after any of the entries; what stands on no chain: after all of them
        if overdrawn or any(left < 0 for (account, _), left in balances.items() if account != ISSUED):
            return errors.InsufficientBalance
        self.digests, self.balances = digests, balances
        return answers

    def post_for_real(self, call):
        try:
            with transaction(self.database) as tx:
                return post(tx, call)
        except errors.RequestError as error:
            return type(error)

    @rule(call=st.lists(posted_entries(), max_size=5))
    def post_anything(self, call) -> None:
        expected = self.expect(call)
        assert self.post_for_real(call) == expected

    @invariant()
    def positions_are_gapless(self) -> None:
        with reading(self.database) as tx:
            assert store.head(tx).position == len(self.digests)

    @invariant()
    def ledger_1_and_3_the_ledger_proves_itself(self) -> None:
        with reading(self.database) as tx:
            assert check_entries(tx) == []

    @invariant()
    def ledger_2_no_member_below_zero(self) -> None:
        with reading(self.database) as tx:
            accounts = [account for both in OF_MEMBERS.values() for account in both]
            for unit in (POINTS, BADGE):
                held_now = store.read_balances(tx, [(account, unit) for account in accounts])
                assert held_now == {(account, unit): self.balances[account, unit] for account in accounts}
                assert min(held_now.values()) >= 0
            owned: Counter = Counter()
            for placed in store.read_entries(tx, 0, len(self.digests)):
                for posting in placed.entry.postings:
                    owned[posting.source.rsplit(":", 1)[0], posting.unit] -= posting.amount
                    owned[posting.destination.rsplit(":", 1)[0], posting.unit] += posting.amount
                assert all(owned[f"member:{member}", unit] >= 0 for member in OF_MEMBERS for unit in (POINTS, BADGE))

    @invariant()
    def ledger_4_one_id_one_digest(self) -> None:
        with reading(self.database) as tx:
            assert store.read_digests(tx, [f"e{n}" for n in range(31)]) == self.digests

    def teardown(self) -> None:
        self.database.dispose()


for _engine in ENGINES:
    _machine = type(f"LedgerMachine_{_engine}", (LedgerMachine,), {"engine_name": _engine})
    _machine.TestCase.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
    globals()[f"TestLedgerInvariants_{_engine}"] = _machine.TestCase
