"""run_comparison of dumps as they are found

given a community whose files are written in another way that says the same
    its badges are the same ones
given acts that no badge asks for, or that are about what is deleted
    its badges are the same ones
given files with a header alone
    nothing follows from them, and that is no mistake
given rows that are no acts
    each is counted, and named by file and line, and the rest is compared
given a file that is no such file
    it is refused with the file's name, and the line where there is one
"""

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.reports.comparison.dealing import Disorder
from loyaltychain.reports.comparison.plan import find_comparison
from loyaltychain.reports.comparison.run import Compared, run_comparison
from tests.reports.comparison.builders import Rows, comment, community, history, noon, post, user, vote, write_community
from tests.reports.comparison.test_run import EXPECTED, figures

COMPARISON = find_comparison("stack_exchange")
NOW = UnixSeconds(1_700_000_000)  # November 2023
IDS = ("Id", "PostId", "ParentId", "UserId", "OwnerUserId")
TIMES = ("CreationDate", "ClosedDate", "LastActivityDate", "LastAccessDate", "Date")
Files = dict[str, Rows]


def compare(folder: Path) -> Compared:
    return run_comparison(COMPARISON, folder, Disorder(), now=NOW)


def each_cell(columns: tuple[str, ...], change: Callable[[str], str]) -> Callable[[Files], Files]:
    """What makes other cells of these columns, where they are filled."""

    def apply(files: Files) -> Files:
        return {
            name: [
                {key: change(cell) if key in columns and cell else cell for key, cell in row.items()} for row in rows
            ]
            for name, rows in files.items()
        }

    return apply


def with_rows(**more: Rows) -> Callable[[Files], Files]:
    """What adds these rows to the files."""
    return lambda files: {name: rows + more.get(name, []) for name, rows in files.items()}


SAME = {
    "whole seconds": each_cell(TIMES, lambda text: text.partition(".")[0]),
    "tenths, after a blank": each_cell(TIMES, lambda text: text.replace("T", " ").replace(".000", ".0")[:21]),
    "microseconds and a zone": each_cell(TIMES, lambda text: text + "000+00:00"),
    "a Z": each_cell(TIMES, lambda text: text + "Z"),
    "ids beyond 32 bits": each_cell(IDS, lambda text: text if text == "-1" else str(int(text) + 2**33)),
    "every kind of vote": with_rows(
        votes=[vote(5000 + number, 1, str(number), noon(7)) for number in (4, *range(6, 17), 99)]
        + [vote(6000, 1, "", noon(7)), vote(6001, 1, "8", ""), vote(6002, 7, "2", noon(7))]
    ),
    "every kind of post": with_rows(
        posts=[post(50 + number, str(number), noon(2), owner="1") for number in range(3, 18)]
    ),
    "every kind of revision": with_rows(
        posthistory=[history(500 + kind, str(kind), 1, noon(2), user="5") for kind in (0, 1, 2, 3, *range(10, 70))]
        + [history(600, "", 1, noon(2), user="")]
    ),
    "answers without a question": with_rows(
        posts=[
            post(90, "2", noon(2), parent="404", owner="2"),
            post(91, "2", noon(2), parent="", owner="2"),
            post(92, "2", noon(2), parent="8", owner="2"),  # to a page of the site's own
            post(93, "2", noon(2), parent="2", owner="2"),  # to an answer
        ]
    ),
    "accepted answers that are gone": with_rows(votes=[vote(5000, 404, "1", noon(8)), vote(5001, 90, "1", noon(8))]),
    "acts of the site's own user": with_rows(
        comments=[comment(100 + number, 1, noon(3), user="-1") for number in range(12)],
        posthistory=[history(700, kind, 1, noon(3), user="-1") for kind in ("5",)],
        posts=[post(95, "1", noon(3), owner="-1", views="20000", last=noon(4))],
        votes=[vote(5100 + number, 95, "2", noon(4)) for number in range(30)],
    ),
    "users who never came": with_rows(users=[user(6, up="0", down="0", about="")]),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_run_comparison__says_the_same__its_badges(tmp_path: Path, name: str) -> None:
    compared = compare(write_community(tmp_path / "community", SAME[name](community())))

    assert compared.derived.rejects == ()
    assert figures(compared) == EXPECTED


def rewritten(folder: Path, change: Callable[[str, str], bytes], *, suffix: str = ".csv") -> Path:
    """The community with each file's text written in another way."""
    write_community(folder, community(), packed=False)
    for file in list(folder.iterdir()):
        content = change(file.stem, file.read_text("utf-8"))
        file.unlink()
        file.with_suffix(suffix).write_bytes(content)
    return folder


def with_more_columns(name: str, text: str) -> str:
    """As a dump has it: more columns, in another order, with names and texts of people in them."""
    rows = list(csv.reader(io.StringIO(text)))
    more = [
        ["DisplayName", "Text", "BountyAmount"],
        *(
            ["\u0410\u043d\u043d\u0430 \u2014 \u05d7\u05e0\u05d4", f'{name}, "quoted"\n,\r\n\n\u732b', ""]
            for _ in rows[1:]
        ),
    ]
    stream = io.StringIO()
    csv.writer(stream).writerows([*extra, *reversed(row)] for extra, row in zip(more, rows, strict=True))
    return stream.getvalue()


WRITTEN: dict[str, Callable[[str, str], bytes]] = {
    "CRLF": lambda _, text: text.replace("\r\n", "\n").replace("\n", "\r\n").encode(),
    "LF": lambda _, text: text.replace("\r\n", "\n").encode(),
    "a byte order mark": lambda _, text: b"\xef\xbb\xbf" + text.encode(),
    "all cells quoted": lambda _, text: "".join(
        ",".join(f'"{cell}"' for cell in row) + "\n" for row in csv.reader(io.StringIO(text))
    ).encode(),
    "more columns": lambda name, text: with_more_columns(name, text).encode(),
    "huge texts": lambda name, text: with_more_columns("word\n" * 20_000 if name == "posts" else "", text).encode(),
    "packed in two parts": lambda _, text: gzip.compress(text[:40].encode()) + gzip.compress(text[40:].encode()),
    "no line end at the end": lambda _, text: text.rstrip("\r\n").encode(),
    "blank lines": lambda _, text: text.replace("\r\n", "\r\n\r\n").encode(),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_run_comparison__written_otherwise__its_badges(tmp_path: Path, name: str) -> None:
    compared = compare(rewritten(tmp_path / "community", WRITTEN[name]))

    assert compared.derived.rejects == ()
    assert figures(compared) == EXPECTED


@pytest.mark.parametrize("name", ["posts", "votes", "comments", "posthistory", "users", "badges"])
def test_run_comparison__a_header_alone__is_no_mistake(tmp_path: Path, name: str) -> None:
    compared = compare(write_community(tmp_path / "community", community() | {name: []}))

    assert compared.derived.rejects == ()
    for line in compared.lines:
        assert line.derived <= EXPECTED.get(line.badge, (0, 0))[1], line
        assert line.awarded == (0 if name == "badges" else EXPECTED.get(line.badge, (0,))[0]), line


@pytest.mark.parametrize("most", [10_000, 20])
def test_run_comparison__rows_that_are_no_acts__named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    files = community()
    files["votes"].insert(3, vote(900, 1, "2", "some day"))
    files["votes"].insert(5, vote(901, 1, "2", "2031-01-01T00:00:00.000"))
    files["users"].append(user(7, up="many", down="0", about="0"))
    files["comments"].append(comment(1, 2, noon(1), user="2"))  # the first one's id
    files["posts"].append({**post(77, "1", noon(1), owner="1", views="few"), "Id": ""})
    monkeypatch.setattr("loyaltychain.reports.comparison.run.SLICE", most)

    compared = compare(write_community(tmp_path / "community", files))

    assert figures(compared) == EXPECTED
    found = {(each.file, each.line, each.reason.partition("[")[0].strip()) for each in compared.derived.rejects}
    assert found >= {
        ("votes.csv.gz", 5, "This is not a time of the map's format."),
        ("votes.csv.gz", 7, "The time lies in the future."),
        ("users.csv.gz", 7, "This is not a whole number."),
        ("posts.csv.gz", 10, "This cell is empty or missing."),
        ("comments.csv.gz", 14, "This event's id was taken before with other content."),
    }
    assert compared.derived.rejected == len(compared.derived.rejects) == 6


def broken(name: str, content: bytes) -> Callable[[Path], None]:
    """What writes something else in a file's place."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return spoil


def cut_short(folder: Path) -> None:
    text = (folder / "comments.csv").read_bytes()
    (folder / "comments.csv").unlink()
    (folder / "comments.csv.gz").write_bytes(gzip.compress(text)[:-20])


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "nothing in it": (broken("votes.csv", b""), r"no header.*votes.csv"),
    "cut short": (cut_short, r"cannot be read.*comments.csv.gz"),
    "no header": (broken("votes.csv", b"1,1,2,2023-03-06T00:00:00.000\n"), r"not in the file's header.*votes.csv"),
    "semicolons": (broken("users.csv", b"Id;UpVotes\n1;2\n"), r"not in the file's header.*users.csv"),
    "another layout": (broken("posts.csv", b"<?xml version='1.0'?>\n<posts/>\n"), r"not in the file's.*posts.csv"),
    "a column that stands twice": (
        broken("comments.csv", b"Id,PostId,Score,CreationDate,UserId,UserId\n"), r"more than once.*comments.csv"
    ),
    "badges without a name": (
        broken("badges.csv", b"Id,UserId,Name,Date\n1,2,Student,2023-03-06\n2,2,,2023-03-06\n"), r"badges.csv.*line: 3"
    ),
    "badges without a day": (
        broken("badges.csv", b"Id,UserId,Name,Date\n1,2,Student,2023-03-06\n2,2,Critic,soon\n"), r"badges.csv.*line: 3"
    ),
    "a line that never ends": (broken("posts.csv", b"Id," + b"x" * 1_100_000), r"too long.*posts.csv.*line: 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_run_comparison__no_such_file__refused_by_name(tmp_path: Path, name: str) -> None:
    folder = write_community(tmp_path / "community", community(), packed=False)
    spoil, problem = REFUSED[name]
    spoil(folder)

    with pytest.raises(errors.RequestError, match=problem):
        compare(folder)
