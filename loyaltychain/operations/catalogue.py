"""Rewards that the programme declares come into the catalogue, once for each version that comes into force.

A version says names and costs; what somebody sets by hand afterwards stands until the next one. Its stock is how many
there are at the beginning: a stock that runs is never set again. A reward that is not declared any more stays, until
somebody sets its stock to 0.
"""

from sqlalchemy import Engine, select

from loyaltychain.actions.log import record
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.operations.conduct.tables import program_versions
from loyaltychain.operations.rewards import declare_reward
from loyaltychain.program.types import Program

CATALOGUE = "catalogue"  # the step's name; its cursor counts versions of the programme, by their numbers
ACTOR = "program"


def catalogue_step(engine: Engine, program: Program, *, now: UnixSeconds) -> list[str]:
    """Bring what this version declares into the catalogue, if it counts and was not brought yet.

    Returns:
        The ids of the rewards that were made or changed, in code-point order.

    Raises:
        DatabaseBusy: another worker is at it; run it again.
    """
    with reading(engine) as tx:
        if _waiting(tx, program) is None:
            return []
    with transaction(engine) as tx:
        done = read_cursor(tx, CATALOGUE)
        number = _waiting(tx, program)
        if number is None:
            return []
        changed = _bring(tx, program, now)
        move_cursor(tx, CATALOGUE, number, expected=done)
    return changed


def _waiting(tx: Tx, program: Program) -> int | None:
    """The number of this version, if it is the newest and still has to be brought in."""
    columns = program_versions.c
    newest = tx.execute(select(columns.number, columns.digest).order_by(columns.number.desc()).limit(1)).first()
    if newest is None or newest.digest != "0x" + program.digest.hex():
        return None
    return int(newest.number) if read_cursor(tx, CATALOGUE) < newest.number else None


def _bring(tx: Tx, program: Program, now: UnixSeconds) -> list[str]:
    declared = () if program.conduct is None else program.conduct.rewards
    changed = [
        each.id
        for each in sorted(declared, key=lambda reward: reward.id)
        if declare_reward(tx, id_=each.id, name=each.name, cost=each.cost, stock=each.stock, now=now)
    ]
    if changed:
        why = f"version {program.version} of the programme declares it"
        details = {"rewards": changed, "program": "0x" + program.digest.hex()}
        record(tx, actor=ACTOR, action="reward.declare", subject="rewards", reason=why, at=now, details=details)
    return changed
