"""migrate, given a database of the release before lots
├── each award becomes a lot that never runs out, each redemption draws from the oldest first, and all of it adds up
└── entries of other units make no lots
"""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from loyaltychain.core.amounts import POINTS
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.ledger import book
from loyaltychain.ledger.accounts import REDEEMED, available
from loyaltychain.ledger.lot_checks import check_lots
from loyaltychain.ledger.store import balances
from tests.ledger.builders import ANN, BADGE, BOB, make_entry, make_posting


def migrate_to_release_before(engine: Engine) -> None:
    with transaction(engine) as tx:
        config = Config()
        config.set_main_option("script_location", "loyaltychain.db:migrations")
        config.attributes["tx"] = tx
        command.upgrade(config, "0002")


def fill(engine: Engine) -> None:
    """Positions 1 to 4, and two entries that wait, the redemption first by its clock."""
    points = [
        make_entry("e2", make_posting(amount=30), occurred_at=200, cause="shop/2"),
        make_entry("e1", make_posting(amount=20), occurred_at=100, cause="shop/1"),
        make_entry("r1", make_posting(available(ANN), REDEEMED, amount=25), kind="redeem"),
        make_entry("b1", make_posting(unit=BADGE, amount=1)),
        make_entry("r2", make_posting(available(BOB), REDEEMED, amount=5), kind="redeem", member=BOB, recorded_at=1),
        make_entry("e3", make_posting(destination=available(BOB), amount=9), member=BOB, cause="shop/3", recorded_at=2),
    ]
    with transaction(engine) as tx:
        for account in ("member:1:available", "member:2:available"):
            tx.execute(text("INSERT INTO volumes VALUES (:a, 'points', 0, 0, 0)"), {"a": account})
        for place, entry in enumerate(points, start=1):
            tx.execute(
                text(
                    "INSERT INTO entries (id, kind, member, cause, occurred_at, recorded_at, digest)"
                    " VALUES (:id, :kind, :member, :cause, :occurred_at, :recorded_at, '0x')"
                ),
                {
                    name: getattr(entry, name)
                    for name in ("id", "kind", "member", "cause", "occurred_at", "recorded_at")
                },
            )
            [posting] = entry.postings
            tx.execute(
                text("INSERT INTO postings VALUES (:id, 0, :source, :destination, :unit, :amount)"),
                {"id": entry.id} | {name: getattr(posting, name) for name in posting.__slots__},
            )
            if place <= 4:
                tx.execute(text("INSERT INTO entry_positions VALUES (:p, :id, '0x')"), {"p": place, "id": entry.id})
        for account, came, went in (("member:1:available", 50, 25), ("member:2:available", 9, 5)):
            tx.execute(
                text("UPDATE volumes SET total_in = :i, total_out = :o WHERE account = :a AND unit = 'points'"),
                {"a": account, "i": came, "o": went},
            )


def test_migrate__entries_without_lots__get_them(empty_database: Engine) -> None:
    migrate_to_release_before(empty_database)
    fill(empty_database)
    migrate(empty_database)
    with reading(empty_database) as tx:
        purses = book.load_purses(tx, [ANN, BOB])
        lots = {lot.id: lot for lot in book.lots_by_id(tx, ["e1", "e2", "e3", "b1", "r1"])}
        redemptions = book.find_redemptions(tx, entry_ids=["r1", "r2"])
        owned = balances(tx, [available(ANN), available(BOB)], POINTS)
        assert list(check_lots(tx, {(account, POINTS): balance for account, balance in owned.items()})) == []
    assert {id_: (lot.award, lot.earned_at, lot.amount, lot.remaining) for id_, lot in lots.items()} == {
        "e1": ("shop/1", 100, 20, 0), "e2": ("shop/2", 200, 30, 25), "e3": ("shop/3", 1_767_225_600, 9, 4),
    }  # fmt: skip
    assert {(lot.expires_at, lot.due_at, lot.in_grace) for lot in lots.values()} == {(None, None, False)}
    assert [redemption.draws for redemption in redemptions] == [(("e1", 20), ("e2", 5)), (("e3", 5),)]
    assert (purses[ANN].spendable(10**10), purses[BOB].spendable(0)) == (25, 4)
