"""codes, links, attest, spoken to in process
├── codes: made once, shown once or written to files that nobody else may read; listed; revoked
├── a code that was printed is good, and its image says what it should
├── links: made with UTM, listed, revoked; attest: taken once, known again, never for oneself
└── what cannot be done ends with its code, and leaves neither files nor codes
"""

import csv
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from loyaltychain.cli.output import stdout
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import parse_instant
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events import identity
from loyaltychain.operations.proofs.codes import code_digest
from loyaltychain.operations.proofs.tables import codes
from tests.cli.test_commands import Speaker
from tests.cli.test_members import answer, shown

PROGRAM = """
behaviours:
  visit: {event: visited, title: Come to our stand., points: 50, proof: [code]}
  talk: {event: talked, title: Hold a talk., points: 300, proof: [attested]}
  share: {event: link_followed, title: Share your link., points: 2, proof: [link]}
"""


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Speaker:
    for name in ("HOME", "DATABASE", "NETWORK", "RPC", "PROGRAM"):
        monkeypatch.delenv(f"LOYALTYCHAIN_{name}", raising=False)
    monkeypatch.setattr(stdout, "_width", 80)
    monkeypatch.chdir(tmp_path)
    speaker = Speaker(monkeypatch, capsys)
    assert speaker.say("init", "--template", "shop")[0] == 0
    program = tmp_path / "program.yaml"
    program.write_text(program.read_text() + PROGRAM)
    return speaker


@pytest.fixture
def books(speaker: Speaker, tmp_path: Path) -> Iterator[Engine]:
    """A new project of which ann and mod are members."""
    engine = open_migrated(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    with transaction(engine) as tx:
        for name in ("ann", "mod"):
            identity.join(tx, name, system_clock())
    yield engine
    engine.dispose()


def kept(engine: Engine) -> set[str]:
    with reading(engine) as tx:
        return set(tx.execute(select(codes.c.digest)).scalars())


def test_codes__made__shown_once_and_kept_as_hashes(speaker: Speaker, books: Engine) -> None:
    made = answer(speaker, "codes", "make", "visit", "--count", "3", "--uses", "2", "--until", "2036-05-01")
    assert (made["id"], made["count"], made["uses"], made["used"]) == ("codes-1", 3, 2, 0)
    assert made["until"] == "2036-05-01T23:00:00Z"  # midnight in London, as RFC 3339
    assert {code_digest(each) for each in made["codes"]} == kept(books)
    listed = answer(speaker, "codes", "list")["batches"]
    assert [each["id"] for each in listed] == ["codes-1"]
    assert not set(made["codes"]) & set(json.dumps(listed).split('"'))
    [_, row] = shown(speaker, "codes", "list").strip().splitlines()
    assert row.split() == ["codes-1", "visit", "2036-05-01", "good", "3", "2", "0"]


def test_codes__to_files__whoever_owns_them_reads_them(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    table = tmp_path / "codes.csv"
    made = answer(speaker, "codes", "make", "visit", "--count", "2", "--csv", str(table))
    assert made["codes"] == []
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert {code_digest(row["code"]) for row in rows} == kept(books)
    assert [row["says"] for row in rows] == [row["code"] for row in rows]
    assert stat.S_IMODE(table.stat().st_mode) == 0o600


def test_codes__as_images__each_says_its_code(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    segno = pytest.importorskip("segno", reason="the extra `qr` is not installed")
    table, images = tmp_path / "codes.csv", tmp_path / "qr"
    url = "https://example.org/claim?code={code}"
    answer(speaker, "codes", "make", "visit", "--count", "2", "--csv", str(table), "--qr", str(images), "--url", url)
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(each.name for each in images.iterdir()) == ["codes-1-1.svg", "codes-1-2.svg"]
    for row in rows:
        assert row["says"] == url.format(code=row["code"])
        wanted = tmp_path / "wanted.svg"
        segno.make_qr(row["says"], error="m").save(str(wanted), scale=8, border=4)
        assert (images / f"codes-1-{row['number']}.svg").read_bytes() == wanted.read_bytes()


def test_codes__refused__leave_neither_files_nor_codes(speaker: Speaker, books: Engine, tmp_path: Path) -> None:
    table = tmp_path / "codes.csv"
    table.write_text("mine")
    for wrong in (
        ("--csv", str(table)),
        ("--url", "https://example.org/"),
        ("--until", "2001-01-01"),
        ("--until", "soon"),
        ("--name", "no name!"),
        ("--csv", str(tmp_path / "new.csv"), "--qr", str(table)),
    ):
        code, out = speaker.say("codes", "make", "visit", *wrong, "--json")
        assert code == 2 and "error" in json.loads(out), wrong
    assert speaker.say("codes", "make", "talk")[0] == 2
    assert kept(books) == set()
    assert table.read_text() == "mine"
    assert not (tmp_path / "new.csv").exists()


def test_codes__revoked__stay_so(speaker: Speaker, books: Engine) -> None:
    answer(speaker, "codes", "make", "visit", "--name", "fair")
    ended = answer(speaker, "codes", "revoke", "fair", "--reason", "leaked", "--actor", "eve")
    assert ended["end_reason"] == "leaked"
    assert answer(speaker, "codes", "revoke", "fair", "--reason", "again")["end_reason"] == "leaked"
    assert speaker.say("codes", "revoke", "none", "--reason", "x")[0] == 2
    done = [each["action"] for each in answer(speaker, "actions", "list")["actions"]]
    assert done == ["codes.revoke", "codes.revoke", "codes.make"]


def test_links__made_listed_revoked(speaker: Speaker, books: Engine) -> None:
    made = answer(speaker, "links", "make", "ann", "share", "--utm", "source=mail", "--utm", "utm_medium=letter")
    assert (made["member_id"], made["utm"]) == ("ann", {"source": "mail", "medium": "letter"})
    assert parse_instant(made["made_at"], pattern="iso", zone=None) <= system_clock()
    told = shown(speaker, "links", "make", "mod", "share", "--utm", "source=mail")
    assert "https://example.org/?utm_source=mail&via=" in told
    assert [each["member_id"] for each in answer(speaker, "links", "list", "--member", "ann")["links"]] == ["ann"]
    assert answer(speaker, "links", "revoke", made["token"], "--reason", "spam")["ended_at"] is not None
    for wrong in (("make", "ann", "share", "--utm", "mail"), ("make", "nobody", "share"), ("make", "ann", "visit")):
        assert speaker.say("links", *wrong)[0] == 2, wrong


def test_attest__once_and_never_for_oneself(speaker: Speaker, books: Engine) -> None:
    said = ("attest", "ann", "talk", "--by", "mod", "--id", "t1", "--at", "2026-01-05T10:00:00Z")
    assert answer(speaker, *said) == {"event": "operator/t1", "type": "talked", "known": False}
    assert answer(speaker, *said)["known"]
    assert speaker.say("attest", "mod", "talk", "--by", "mod")[0] == 2
    assert speaker.say("attest", "nobody", "talk", "--by", "mod")[0] == 2
    done = answer(speaker, "actions", "list")["actions"]
    assert [(each["actor"], each["action"], each["subject"]) for each in done] == [("mod", "act.attest", "member:1")]


def test_nothing_yet__says_how_to_begin(speaker: Speaker, books: Engine) -> None:
    assert "codes make" in shown(speaker, "codes", "list")
    assert "links make" in shown(speaker, "links", "list")
    with reading(books) as tx:
        assert tx.execute(select(func.count()).select_from(codes)).scalar_one() == 0
