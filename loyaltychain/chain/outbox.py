"""The queries on intents and attempts. A signed attempt is stored here before it is sent.

Decides nothing: ``plan`` does. It only refuses what must never be: another content under a known id, a transition
that is not on the list, a second attempt on another nonce. Each transition leaves its line in the settlement log.
"""

from typing import cast

from sqlalchemy import BigInteger, RowMapping, func, insert, select, update
from sqlalchemy import cast as sql_cast

from loyaltychain.chain.intents import (
    IN_FLIGHT,
    TRANSITIONS,
    UNSIGNED,
    Attempt,
    Intent,
    IntentState,
    Mined,
    NewIntent,
)
from loyaltychain.chain.settlement_log import append
from loyaltychain.chain.tables import attempts, foreign_nonces, intents
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.db.insert import insert_new

_NOWHERE = dict.fromkeys(("tx_hash", "block_number", "block_hash", "gas_used", "contract_address"))


def enqueue(tx: Tx, intent: NewIntent, *, now: UnixSeconds) -> bool:
    """Ask for an intent. Returns True if it is new, False if the same one was asked for before.

    Raises IdempotencyConflict if the id was used for something else.
    """
    fresh = insert_new(tx, intents).values(
        id=intent.id,
        chain_id=intent.chain_id,
        signer=intent.signer.lower(),
        target=None if intent.target is None else intent.target.lower(),
        calldata=to_hex(intent.calldata),
        digest=to_hex(intent.digest),
        state="pending",
        created_at=now,
    )
    if tx.execute(fresh.returning(intents.c.id)).scalar_one_or_none() is not None:
        append(tx, "intent", intent.id, at=now, was=None, became="pending", reason=None)
        return True
    known = tx.execute(select(intents.c.digest).where(intents.c.id == intent.id)).scalar_one()
    if known != to_hex(intent.digest):
        raise errors.IdempotencyConflict("This intent's id was already used for something else.", intent=intent.id)
    return False


def read_intent(tx: Tx, intent_id: str) -> Intent:
    """One intent. Raises InvariantError if it was never asked for."""
    intent = find_intent(tx, intent_id)
    if intent is None:
        raise errors.InvariantError("This intent was never asked for.", intent=intent_id)
    return intent


def find_intent(tx: Tx, intent_id: str) -> Intent | None:
    """One intent; None if it was never asked for."""
    row = tx.execute(select(intents).where(intents.c.id == intent_id)).mappings().one_or_none()
    return None if row is None else _intent(row)


def read_attempts(tx: Tx, intent_id: str) -> list[Attempt]:
    """All attempts of an intent, oldest first: each replacement offers more than the one before it."""
    rows = tx.execute(
        select(attempts).where(attempts.c.intent_id == intent_id).order_by(attempts.c.max_fee, attempts.c.tip)
    ).mappings()
    return [_attempt(row) for row in rows]


def next_nonce(tx: Tx, chain_id: int, signer: str) -> int:
    """The nonce behind all that this database knows to be used, by intents of its own or by others; 0 at first."""
    mine, foreign = (
        tx.execute(
            select(sql_cast(func.max(largest), BigInteger)).where(
                table.c.chain_id == chain_id, table.c.signer == signer.lower()
            )
        ).scalar_one()
        for table, largest in ((intents, intents.c.nonce), (foreign_nonces, foreign_nonces.c.next_nonce))
    )
    return max(0 if mine is None else int(mine) + 1, 0 if foreign is None else int(foreign))


def find_in_flight(tx: Tx, chain_id: int, signer: str) -> str | None:
    """The id of the signer's intent that holds a nonce and has not ended, None if there is none."""
    return tx.execute(
        select(intents.c.id)
        .where(intents.c.chain_id == chain_id, intents.c.signer == signer.lower(), intents.c.state.in_(IN_FLIGHT))
        .order_by(intents.c.nonce)
        .limit(1)
    ).scalar_one_or_none()


def append_first_attempt(tx: Tx, attempt: Attempt, *, nonce: int) -> None:
    """Give the intent its nonce and keep the signed bytes, so that both are there before anything is sent.

    Raises DatabaseBusy if somebody else has signed the intent in the meantime.
    """
    was = _lock_state(tx, attempt.intent_id)
    changed = tx.execute(
        update(intents)
        .where(intents.c.id == attempt.intent_id, intents.c.state.in_(UNSIGNED), intents.c.nonce.is_(None))
        .values(nonce=nonce, state="signed", reason=None)
    )
    _expect_one(changed.rowcount, attempt.intent_id)
    _insert_attempt(tx, attempt, was=was, nonce=nonce)


def adopt(tx: Tx, intent: NewIntent, *, nonce: int, now: UnixSeconds) -> Intent:
    """An intent whose transaction the chain shows and nobody here has signed bytes of, to be made final by the caller.

    Its nonce counts as given from now on. (It stays empty where another intent of this database held it: that one could
    not happen, and keeps it.)
    """
    enqueue(tx, intent, now=now)
    signer = intent.signer.lower()
    holders = select(intents.c.id).where(
        intents.c.chain_id == intent.chain_id, intents.c.signer == signer, intents.c.nonce == nonce
    )
    is_held = tx.execute(holders).one_or_none() is not None
    changed = tx.execute(
        update(intents)
        .where(intents.c.id == intent.id, intents.c.state == "pending")
        .values(nonce=None if is_held else nonce, state="signed")
    )
    _expect_one(changed.rowcount, intent.id)
    append(
        tx, "intent", intent.id, at=now, was="pending", became="signed", reason=f"nonce {nonce}, known from the chain"
    )
    return read_intent(tx, intent.id)


def append_replacement(tx: Tx, attempt: Attempt) -> None:
    """Keep a further attempt on the nonce that the intent already holds; it waits to be sent."""
    was = _lock_state(tx, attempt.intent_id)
    changed = tx.execute(
        update(intents)
        .where(intents.c.id == attempt.intent_id, intents.c.state.in_(("signed", "broadcast")))
        .values(state="signed")
    )
    _expect_one(changed.rowcount, attempt.intent_id)
    _insert_attempt(tx, attempt, was=was, nonce=None)


def set_parked(tx: Tx, intent: Intent, reason: str, *, now: UnixSeconds) -> None:
    """Nothing was signed, and why. It is tried again at the next look."""
    _move(tx, intent, "parked", {"reason": reason}, told=reason, now=now)


def set_reason(tx: Tx, intent: Intent, reason: str | None) -> None:
    """What a node said against an attempt, or what is waited for, for the operator; the state stays."""
    tx.execute(update(intents).where(intents.c.id == intent.id).values(reason=reason))


def set_broadcast(tx: Tx, intent: Intent, *, reason: str | None, now: UnixSeconds) -> None:
    """Sent, and in no block that we know of; ``reason`` if the node's answer left that open."""
    _move(tx, intent, "broadcast", {"reason": reason, **_NOWHERE}, told=reason, now=now)


def set_mined(tx: Tx, intent: Intent, mined: Mined, *, now: UnixSeconds) -> None:
    """In a canonical block that is not final yet."""
    _move(tx, intent, "mined", {"reason": None, **_place(mined)}, told=_in_words(mined), now=now)


def set_final(tx: Tx, intent: Intent, mined: Mined, *, now: UnixSeconds) -> None:
    """Done, for good."""
    _move(tx, intent, "final", {"reason": None, **_place(mined)}, told=_in_words(mined), now=now)


def set_reverted(tx: Tx, intent: Intent, mined: Mined, *, reason: str, now: UnixSeconds) -> None:
    """Failed on chain, for good."""
    told = f"{reason}; {_in_words(mined)}"
    _move(tx, intent, "reverted", {"reason": reason, **_place(mined)}, told=told, now=now)


def set_dead(tx: Tx, intent: Intent, *, reason: str, now: UnixSeconds) -> None:
    """Ended without having happened, and never to happen: the caller has proof of that. It is not driven any more."""
    _move(tx, intent, "reverted", {"reason": reason, **_NOWHERE}, told=reason, now=now)


def insert_foreign(tx: Tx, intent: Intent, *, next_nonce: int, now: UnixSeconds) -> None:
    """Somebody else used the signer's nonces below ``next_nonce``, for good; the intent could not happen for that."""
    row = {"intent_id": intent.id, "chain_id": intent.chain_id, "signer": intent.signer}
    tx.execute(insert(foreign_nonces), row | {"next_nonce": next_nonce, "at": now})


def _move(
    tx: Tx, intent: Intent, to: IntentState, facts: dict[str, object], *, told: str | None, now: UnixSeconds
) -> None:
    if to not in TRANSITIONS[intent.state]:
        raise errors.InvariantError("There is no such transition.", intent=intent.id, was=intent.state, to=to)
    changed = tx.execute(
        update(intents).where(intents.c.id == intent.id, intents.c.state == intent.state).values(state=to, **facts)
    )
    _expect_one(changed.rowcount, intent.id)
    if to != intent.state or told != intent.reason:  # a parked one is tried again and again
        append(tx, "intent", intent.id, at=now, was=intent.state, became=to, reason=told)


def _lock_state(tx: Tx, intent_id: str) -> IntentState:
    asked = select(intents.c.state).where(intents.c.id == intent_id).with_for_update()
    return cast("IntentState", tx.execute(asked).scalar_one())


def _in_words(mined: Mined) -> str:
    return f"block {mined.block_number} {to_hex(mined.block_hash)}, transaction {to_hex(mined.tx_hash)}"


def _expect_one(changed: int, intent_id: str) -> None:
    if changed != 1:
        raise errors.DatabaseBusy("Somebody else has moved this intent in the meantime.", intent=intent_id)


def _place(mined: Mined) -> dict[str, object]:
    return {
        "tx_hash": to_hex(mined.tx_hash),
        "block_number": mined.block_number,
        "block_hash": to_hex(mined.block_hash),
        "gas_used": mined.gas_used,
        "contract_address": mined.contract_address,
    }


def _insert_attempt(tx: Tx, attempt: Attempt, *, was: IntentState, nonce: int | None) -> None:
    """``nonce``: of the first one; the others replace it."""
    what = "replaced by" if nonce is None else f"nonce {nonce},"
    told = f"{what} transaction {to_hex(attempt.tx_hash)}"
    append(tx, "intent", attempt.intent_id, at=attempt.signed_at, was=was, became="signed", reason=told)
    tx.execute(
        insert(attempts).values(
            tx_hash=to_hex(attempt.tx_hash),
            intent_id=attempt.intent_id,
            raw=to_hex(attempt.raw),
            gas=attempt.gas,
            max_fee=attempt.max_fee,
            tip=attempt.tip,
            signed_at=attempt.signed_at,
        )
    )


def _intent(row: RowMapping) -> Intent:
    return Intent(
        id=row["id"],
        chain_id=row["chain_id"],
        signer=row["signer"],
        target=row["target"],
        calldata=from_hex(row["calldata"]),
        nonce=row["nonce"],
        state=cast("IntentState", row["state"]),  # the column's CHECK admits no other text
        reason=row["reason"],
        tx_hash=_hash(row["tx_hash"]),
        block_number=row["block_number"],
        block_hash=_hash(row["block_hash"]),
        gas_used=row["gas_used"],
        contract_address=row["contract_address"],
        created_at=UnixSeconds(row["created_at"]),
    )


def _hash(text: str | None) -> bytes | None:
    return None if text is None else from_hex(text)


def _attempt(row: RowMapping) -> Attempt:
    return Attempt(
        tx_hash=from_hex(row["tx_hash"]),
        intent_id=row["intent_id"],
        raw=from_hex(row["raw"]),
        gas=row["gas"],
        max_fee=row["max_fee"],
        tip=row["tip"],
        signed_at=UnixSeconds(row["signed_at"]),
    )
