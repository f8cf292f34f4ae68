"""The baseline of ``bench api``: a bare FastAPI route that inserts one row, durably, with the same libraries.

No key, no Idempotency-Key, no checks but the model's. ``python -m loyaltychain.bench.bare_api DATABASE``.
"""

import json
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import Column, MetaData, Table, Text

from loyaltychain.api.server import listen, url_of
from loyaltychain.db.engine import open_database, transaction

_rows = Table(
    "bench_rows",
    MetaData(),
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    *(Column(name, Text) for name in ("type", "member", "occurred_at", "payload")),
)


class _Row(BaseModel):
    source: str
    id: str
    type: str
    member: str
    occurred_at: str
    payload: dict[str, Any]


def main(database: str) -> None:
    """Serve until a signal; the URL is written to stdout."""
    engine = open_database(database)
    with transaction(engine) as tx:
        _rows.create(tx)
    app = FastAPI()

    @app.post("/v1/events", status_code=202)
    def post_row(row: _Row) -> dict[str, str]:
        with transaction(engine) as tx:
            tx.execute(_rows.insert(), [row.model_dump() | {"payload": json.dumps(row.payload)}])
        return {"status": "accepted"}

    with listen("127.0.0.1", 0, is_behind_tls=False) as listener:
        sys.stdout.write(url_of(listener) + "\n")
        sys.stdout.flush()
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
