"""Referrals, through intake, both steps and the ledger: edge cases 55 and 56, by number

given somebody who sends herself under another id of hers
    neither side is given anything, and both say why (55)
given two who share an address
    both are paid, and the award notes it (56)
"""

from sqlalchemy import Engine, select

from loyaltychain.db.engine import reading, transaction
from loyaltychain.events import identity
from loyaltychain.operations.conduct.tables import grants
from tests.edge_cases.club import act, club, lives
from tests.edge_cases.story import instant, number_of
from tests.operations.conduct.forum import balances, granted

FRIENDS = club("""referrals:
  friend: {event: referred, qualified_by: helped, title: Bring a helper., days: 30, referrer: 500, referee: 200,
           hold_on: [device], signal_on: [ip]}
""")
AT_HOME = {"ip": "2001:db8::1"}


def test_edge_55__sends_herself_under_another_id__neither_side(database: Engine) -> None:
    lives(database, FRIENDS, act("visited", "2026-01-05 12:00"))
    ann = number_of(database)
    with transaction(database) as tx:
        identity.add_alias(tx, "ann@work", ann, instant("2026-01-06 00:00"))

    sent = act("referred", "2026-01-07 12:00", "ann@work", referrer="ann")
    lives(database, FRIENDS, sent, act("helped", "2026-01-08 12:00", "ann@work"))

    sides = {side: told for (_, rule, _, side), told in granted(database).items() if rule == "referral:friend"}
    assert sides == dict.fromkeys(("referrer", "referee"), (0, "given", "self-dealing"))


def test_edge_56__one_address__paid_and_noted(database: Engine) -> None:
    home = act("visited", "2026-01-05 12:00", **AT_HOME)
    sent = act("referred", "2026-01-07 12:00", "bob", referrer="ann", **AT_HOME)
    lives(database, FRIENDS, home, sent, act("helped", "2026-01-08 12:00", "bob"))

    found = balances(database)
    assert (found["ann", "available", "points"], found["bob", "available", "points"]) == (5 + 500, 100 + 200)
    with reading(database) as tx:
        rows = tx.execute(select(grants.c.inputs).where(grants.c.rule == "referral:friend")).scalars().all()
    assert any('"signals":["ip"]' in inputs for inputs in rows)
    assert not any(AT_HOME["ip"] in inputs for inputs in rows)
