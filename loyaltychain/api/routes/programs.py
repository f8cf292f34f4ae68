"""The programmes that were published: their digests stand on chain, and each ledger entry names one of them."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path

from loyaltychain.api import chain_answers, event_store
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here
from loyaltychain.api.problems import Problem
from loyaltychain.db.engine import reading

router = APIRouter(tags=["chain"])
Digest = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$")]


@router.get("/v1/programs")
def get_programs(context: Here, page: Paged) -> chain_answers.Publications:
    """Programmes as they were published, newest first. One digest can stand there twice."""
    with reading(context.engine) as tx:
        begin = page.begin(tx, int)
        before = None if begin is None else int(begin[0])
        found = event_store.list_publications(tx, context.network, before=before, limit=page.wanted)
        shown = page.end(tx, found, lambda row: (row.number,))
    programs = [chain_answers.Published(**_show(row)) for row in shown.rows]
    return chain_answers.Publications(programs=programs, has_more=shown.has_more, next_cursor=shown.next_cursor)


@router.get("/v1/programs/{digest}")
def get_published(digest: Digest, context: Here) -> chain_answers.PublishedWhole:
    """A programme by its digest, with the document that hashes to it."""
    with reading(context.engine) as tx:
        row = event_store.publication_of(tx, context.network, digest)
    if row is None:
        raise Problem("unknown-program", "No programme of this digest was published here.")
    return chain_answers.PublishedWhole(**_show(row), document=json.loads(row.document))


def _show(row: event_store.Found) -> dict[str, Any]:
    said = json.loads(row.document)
    after = row.next_from
    return {
        "number": row.number,
        "digest": row.digest,
        "name": said["name"],
        "version": said["version"],
        "from_position": row.from_position,
        "to_position": None if after is None else after - 1,
        "block_number": row.block_number,
    }
