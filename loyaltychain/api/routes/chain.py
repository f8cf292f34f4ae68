"""What stands on chain: batches, receipts, proofs of balances, the programme. All of it read from the database."""

from fastapi import APIRouter

from loyaltychain.api import answers, store, views
from loyaltychain.api.context import Context
from loyaltychain.api.cursor import make_cursor, parse_cursor, split_page
from loyaltychain.api.parts import LIMIT, BatchNumber, Cursor, Here, Index, Limit, PathId
from loyaltychain.api.problems import Problem
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, reading
from loyaltychain.events.identity import find_member
from loyaltychain.settlement.balance_tree import prove
from loyaltychain.settlement.receipts import batch_document, show_receipt
from loyaltychain.settlement.store import read_batch, settled_balances
from loyaltychain.settlement.tables import receipts
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.words import LANES, pack

router = APIRouter(tags=["chain"])


@router.get("/v1/receipts/{batch}/{index}")
def get_receipt(batch: BatchNumber, index: Index, context: Here) -> dict[str, object]:
    """A receipt as a member keeps it: `loyaltychain receipt verify` and any standard-v1 Merkle library check it."""
    deployment = context.deployment()
    with reading(context.engine) as tx:
        return show_receipt(tx, deployment, place=(batch, index))


@router.get("/v1/members/{member_id:path}/receipts")
def get_receipts(member_id: PathId, context: Here, cursor: Cursor = None, limit: Limit = LIMIT) -> answers.Receipts:
    """Where a member's receipts are, newest first."""
    with reading(context.engine) as tx:
        condition = receipts.c.member == find_member(tx, member_id)
        if cursor is not None:
            batch, index = parse_cursor(cursor, int, int)
            condition &= (receipts.c.batch < batch) | ((receipts.c.batch == batch) & (receipts.c.index < index))
        page, has_more = split_page(store.receipts_of(tx, condition, limit + 1), limit)
        next_cursor = make_cursor(page[-1].batch, page[-1].place) if has_more else None
        return answers.Receipts(receipts=views.show_places(page), has_more=has_more, next_cursor=next_cursor)


@router.get("/v1/batches")
def get_batches(context: Here, cursor: Cursor = None, limit: Limit = LIMIT) -> answers.Batches:
    """All batches, newest first."""
    before = None if cursor is None else int(parse_cursor(cursor, int)[0])
    with reading(context.engine) as tx:
        page, has_more = split_page(store.batch_ids(tx, before, limit + 1), limit)
        shown = [_show(tx, _read(tx, number)) for number in page]
    return answers.Batches(batches=shown, has_more=has_more, next_cursor=make_cursor(page[-1]) if has_more else None)


@router.get("/v1/batches/{batch}")
def get_batch(batch: BatchNumber, context: Here) -> answers.Batch:
    """A batch: its header, its state, and the transaction that carries it."""
    with reading(context.engine) as tx:
        return _show(tx, _read(tx, batch))


@router.get("/v1/batches/{batch}/proof/{member_id:path}")
def get_proof(batch: BatchNumber, member_id: PathId, context: Here) -> answers.BalanceProof:
    """What the member owned after a batch, and the proof of it under the balance root of the batch's header."""
    deployment = context.deployment()
    with reading(context.engine) as tx:
        member, found = find_member(tx, member_id), _read(tx, batch)
        balances = settled_balances(tx, batch)
    words, index = pack(balances), member // LANES
    return answers.BalanceProof(
        network=deployment.network,
        chain_id=deployment.chain_id,
        ledger=deployment.ledger,
        batch=batch_document(found),
        member=member,
        balance=balances.get(member, 0),
        word_index=index,
        word=to_hex(words.get(index, 0).to_bytes(32, "big")),
        siblings=[to_hex(sibling) for sibling in prove(words, index)],
    )


@router.get("/v1/program")
def get_program(context: Here) -> answers.Program:
    """The programme file as it is hashed, and which programme counts by what was published last."""
    program = context.program()
    return answers.Program(digest=to_hex(program.digest), document=program.document, in_force=_in_force(context))


def _in_force(context: Context) -> answers.InForce | None:
    with reading(context.engine) as tx:
        row = store.publication(tx, context.network)
    return None if row is None else answers.InForce(digest=row.digest, from_position=row.from_position)


def _read(tx: Tx, number: int) -> Batch:
    found = read_batch(tx, number)
    if found is None:
        raise Problem("unknown-batch", f"No batch {number} was sealed yet.")
    return found


def _show(tx: Tx, batch: Batch) -> answers.Batch:
    number = batch.header.batch_id
    hashes = store.transactions_of(tx, number)
    return answers.Batch(
        id=number, state=batch.state, header=batch_document(batch), tx_hash=hashes[0] if hashes else None
    )
