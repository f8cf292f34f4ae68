"""A tiny community in the shape of a Stack Exchange dump, and the badges that its site would have awarded."""

import csv
import gzip
from collections.abc import Mapping
from pathlib import Path

from loyaltychain.events.map import EventMap, load_map

Rows = list[dict[str, str]]

_COLUMNS = {
    "posts": "Id,PostTypeId,ParentId,CreationDate,ClosedDate,ViewCount,OwnerUserId,LastActivityDate",
    "votes": "Id,PostId,VoteTypeId,CreationDate",
    "comments": "Id,PostId,Score,CreationDate,UserId,text_len",
    "posthistory": "Id,PostHistoryTypeId,PostId,CreationDate,UserId",
    "users": "Id,CreationDate,LastAccessDate,UpVotes,DownVotes,has_about",
    "badges": "Id,UserId,Name,Date,Class,TagBased",
}


def day(number: int) -> str:
    """Midnight of a day of March 2023: all that a vote says of its time."""
    return f"2023-03-{number:02}T00:00:00.000"


def noon(number: int) -> str:
    """Noon of that day, with the milliseconds of a dump."""
    return f"2023-03-{number:02}T12:00:00.123"


def community() -> dict[str, Rows]:
    """Ann asks, Bob answers late, Cyd answers herself; Dan is deleted and Eve only reads and votes."""
    return {
        "posts": [
            post(1, "1", noon(1), owner="1", views="1200", last=noon(20)),  # Ann's, seen often
            post(2, "2", noon(2), parent="1", owner="2"),  # Bob's answer, the first
            post(3, "2", noon(3), parent="1", owner=""),  # by somebody who is deleted
            post(4, "1", noon(4), owner="3", closed=noon(9), views="12", last=noon(9)),  # Cyd's, closed later
            post(5, "2", noon(4), parent="4", owner="3"),  # and her own answer
            post(6, "2", "2023-05-30T09:00:00.000", parent="1", owner="2"),  # 89 days later
            post(7, "5", noon(5), owner="1"),  # a tag's wiki
            post(8, "6", noon(5), owner="1"),  # a page of the site's own
        ],
        "votes": [
            *votes(1, 1, "2", 10, day(6)),  # Ann's question: 10
            *votes(100, 2, "2", 11, day(7)),  # Bob's answer: 10
            vote(150, 2, "3", day(7)),
            vote(151, 2, "1", day(8)),  # and it is accepted
            *votes(200, 5, "2", 3, day(4)),  # earlier that day than the answer
            vote(250, 4, "3", day(5)),  # Cyd's question: -1, then 1
            *votes(251, 4, "2", 2, day(10)),
            vote(260, 4, "1", day(11)),  # not an answer: nobody's to accept
            *votes(300, 6, "2", 5, "2023-06-02T00:00:00.000"),
            vote(400, 99, "2", day(7)),  # about a post that is deleted
            vote(401, 1, "6", day(7)),  # of another kind
        ],
        "comments": [
            *(comment(number, 1, noon(number), user="2") for number in range(1, 11)),
            comment(11, 2, noon(11), user=""),
            comment(12, 99, noon(12), user="1"),
        ],
        "posthistory": [
            history(1, "2", 1, noon(1), user="1"),  # a first version
            history(2, "5", 1, noon(3), user="1"),  # Ann edits her own
            history(3, "6", 1, noon(5), user="1"),  # and retags it: no badge
            history(4, "6", 1, noon(6), user="2"),  # Bob retags it
            history(5, "5", 7, noon(7), user="3"),  # Cyd edits a tag's wiki
            history(6, "8", 1, noon(8), user="3"),  # and rolls a question back
            history(7, "4", 99, noon(9), user="2"),  # of a deleted post
        ],
        "users": [
            user(-1, up="17", down="3", about="1"),
            user(1, up="5", down="0", about="1"),
            user(2, up="200", down="100", about="0"),
            user(3, up="0", down="0", about="0"),
            user(5, up="1", down="1", about="0"),
        ],
        "badges": [
            badge(1, "Student", noon(6)),
            badge(1, "Nice Question", noon(6)),
            badge(1, "Popular Question", noon(15)),
            badge(1, "Scholar", noon(8)),
            badge(1, "Editor", noon(3)),
            badge(1, "Supporter", noon(2)),
            badge(1, "Autobiographer", noon(1)),
            badge(1, "Yearling", noon(1)),  # there is no rule for it
            badge(2, "Teacher", noon(7)),
            badge(2, "Nice Answer", noon(7)),
            badge(2, "Enlightened", noon(9)),  # the day after
            badge(2, "Necromancer", "2023-06-02T18:00:00.000"),
            badge(2, "Commentator", noon(9)),  # two comments are deleted since
            badge(2, "Organizer", noon(6)),
            badge(2, "Supporter", noon(1)),
            badge(2, "Critic", noon(1)),
            badge(2, "Civic Duty", noon(19)),
            badge(3, "Student", noon(10)),
            badge(3, "Teacher", noon(4)),
            badge(3, "Self-Learner", noon(4)),
            badge(3, "Tag Editor", noon(7)),
            badge(3, "Cleanup", noon(8)),
            badge(4, "Student", noon(3)),  # Dan's question is deleted
            badge(5, "Supporter", noon(2)),
            badge(5, "Critic", noon(2)),
        ],
    }


def write_community(
    folder: Path, files: Mapping[str, Rows], *, packed: bool = True, layout: Mapping[str, str] = _COLUMNS
) -> Path:
    """The files in a folder, as CSV with the columns of the layout."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        plain = folder / f"{name}.csv"
        with plain.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, layout[name].split(","), restval="")
            writer.writeheader()
            writer.writerows(rows)
        if packed:
            plain.with_suffix(".csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()
    return folder


def post(
    number: int, kind: str, at: str, *, owner: str, parent: str = "", closed: str = "", views: str = "", last: str = ""
) -> dict[str, str]:
    return {
        "Id": str(number), "PostTypeId": kind, "ParentId": parent, "CreationDate": at, "ClosedDate": closed,
        "ViewCount": views, "OwnerUserId": owner, "LastActivityDate": last or at,
    }  # fmt: skip


def vote(number: int, about: int, kind: str, at: str) -> dict[str, str]:
    return {"Id": str(number), "PostId": str(about), "VoteTypeId": kind, "CreationDate": at}


def votes(first: int, about: int, kind: str, times: int, at: str) -> Rows:
    return [vote(first + place, about, kind, at) for place in range(times)]


def comment(number: int, about: int, at: str, *, user: str) -> dict[str, str]:
    return {"Id": str(number), "PostId": str(about), "Score": "0", "CreationDate": at, "UserId": user, "text_len": "9"}


def history(number: int, kind: str, about: int, at: str, *, user: str) -> dict[str, str]:
    return {
        "Id": str(number), "PostHistoryTypeId": kind, "PostId": str(about), "CreationDate": at, "UserId": user,
    }  # fmt: skip


def user(number: int, *, up: str, down: str, about: str) -> dict[str, str]:
    return {
        "Id": str(number), "CreationDate": noon(1), "LastAccessDate": noon(21), "UpVotes": up, "DownVotes": down,
        "has_about": about,
    }  # fmt: skip


def badge(member: int, name: str, at: str) -> dict[str, str]:
    return {"UserId": str(member), "Name": name, "Date": at, "Class": "3", "TagBased": "False"}


_GAVE = """
source: shop
id: {column: gid}
member: {column: giver}
type: {constant: gave}
time: {column: at, format: iso, zone: UTC}
fields: {gift: {constant: 1}}
"""


def two_maps(folder: Path) -> tuple[EventMap, EventMap]:
    """For a file in which each row is two acts of one source, a giver's and a taker's."""
    (folder / "gave.yaml").write_text(_GAVE, "utf-8")
    (folder / "got.yaml").write_text(
        _GAVE.replace("gid", "tid").replace("giver", "taker").replace("gave", "got"), "utf-8"
    )
    return load_map(folder / "gave.yaml"), load_map(folder / "got.yaml")
