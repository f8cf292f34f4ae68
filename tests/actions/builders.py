"""A log of some actions."""

from typing import Any

from sqlalchemy import Engine

from loyaltychain.actions.log import Action, record
from loyaltychain.db.engine import transaction

LENGTH = 12


def make_action(number: int, **changes: Any) -> dict[str, Any]:
    """What is said of action ``number``; every third one says more than the others."""
    said = {
        "actor": f"key:{number % 3}", "action": "reward.set", "subject": f"reward:{number}", "reason": "a new price",
        "at": 1_767_355_200 + number,
    }  # fmt: skip
    more = {"request_id": f"req-{number}", "details": {"cost": number, "was": None}} if number % 3 == 0 else {}
    return said | more | changes


def fill(engine: Engine, count: int = LENGTH) -> list[Action]:
    """Record actions 1 to ``count``, each in a transaction of its own."""
    done: list[Action] = []
    for number in range(1, count + 1):
        with transaction(engine) as tx:
            done.append(record(tx, **make_action(number)))
    return done
