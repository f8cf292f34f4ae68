"""SIMULATED communities of any size, in the layout of a Stack Exchange dump; no site ever awarded these badges.

A few members do most of what is done, a few questions are read and voted on most, and about a tenth of everything is
by users who are deleted, about posts that are deleted, or of kinds that no badge asks for: as in real dumps.
``python -m tests.reports.comparison.simulated 9500 DIR`` writes one of 290,000 acts.
"""

import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.reports.comparison.builders import Rows, write_community

LAYOUT = {
    "posts": (
        "Id,PostTypeId,ParentId,AcceptedAnswerId,CreationDate,ClosedDate,CommunityOwnedDate,Score,ViewCount,"
        "OwnerUserId,LastEditorUserId,LastEditDate,LastActivityDate,AnswerCount,CommentCount,FavoriteCount,Tags,body_len"
    ),
    "votes": "Id,PostId,VoteTypeId,CreationDate",
    "comments": "Id,PostId,Score,CreationDate,UserId,text_len",
    "posthistory": "Id,PostHistoryTypeId,PostId,RevisionGUID,CreationDate,UserId",
    "users": "Id,Reputation,CreationDate,LastAccessDate,Views,UpVotes,DownVotes,has_about,has_location,has_website",
    "badges": "Id,UserId,Name,Date,Class,TagBased",
}

_BEGIN = datetime(2011, 3, 1, tzinfo=UTC)
_DAYS = 4000
_VOTES = ("2",) * 80 + ("3",) * 8 + ("1", "4", "5", "5", "6", "8", "9", "10", "11", "12", "15", "16")
_HISTORY = ("5",) * 50 + ("4",) * 15 + ("6",) * 15 + ("7", "8", "8", "9") + ("10", "14", "24", "24", "33", "66")


def simulate(questions: int, *, seed: int = 0) -> dict[str, Rows]:
    """A community with so many questions, twice as many answers, and about thirty acts for each question."""
    chance = random.Random(seed)
    users = [str(number) for number in range(1, questions * 4)]
    posts = _posts(chance, questions, users)
    return {
        "posts": posts,
        "votes": list(_votes(chance, posts, questions * 14)),
        "comments": list(_comments(chance, posts, users, questions * 6)),
        "posthistory": list(_history(chance, posts, users, questions * 4)),
        "users": [_user(chance, user) for user in ["-1", *users]],
        "badges": [
            {"Id": str(number), "UserId": some(chance, users), "Name": name, "Date": _at(chance, 0), "Class": "3",
             "TagBased": "False"}
            for number, name in enumerate(["Student", "Teacher", "Nice Question", "Yearling"] * (questions // 8 + 1), 1)
        ],
    }  # fmt: skip


def some(chance: random.Random, among: list[str]) -> str:
    """One of these, the first ones far more often than the last ones."""
    return among[int(len(among) * chance.random() ** 4)]


def _at(chance: random.Random, earliest: int) -> str:
    """A moment at or after this day of the community."""
    day = earliest + int((_DAYS - earliest) * chance.random() ** 3)
    at = _BEGIN + timedelta(days=day, milliseconds=chance.randrange(86_400_000))
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _day_of(at: str) -> int:
    return (datetime.fromisoformat(at).replace(tzinfo=UTC) - _BEGIN).days


def _owner(chance: random.Random, users: list[str]) -> str:
    return "" if chance.random() < 0.05 else some(chance, users)


def _posts(chance: random.Random, questions: int, users: list[str]) -> Rows:
    rows: Rows = []
    for number in range(1, questions + 1):
        at = _at(chance, number * (_DAYS - 100) // questions // 2)
        closed = _at(chance, _day_of(at) + 1) if chance.random() < 0.08 else ""
        views = str(int(20 / (chance.random() + 0.0005)))
        rows.append(_post(len(rows) + 1, "1", at, owner=_owner(chance, users), closed=closed, views=views))
        for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 5))):
            day = _day_of(at) + (1 if chance.random() < 0.8 else 100)
            owner = rows[-1]["OwnerUserId"] if chance.random() < 0.1 else _owner(chance, users)
            rows.append(_post(len(rows) + 1, "2", _at(chance, min(day, _DAYS - 1)), owner=owner, parent=str(number)))
    for kind in ("4", "5") * (questions // 40 + 1):
        rows.append(_post(len(rows) + 1, kind, _at(chance, 0), owner="-1"))
    # Parents were numbered by question: name the post.
    by_number = [row["Id"] for row in rows if row["PostTypeId"] == "1"]
    for row in rows:
        if row["ParentId"]:
            row["ParentId"] = by_number[int(row["ParentId"]) - 1]
    return rows


def _post(
    number: int, kind: str, at: str, *, owner: str, parent: str = "", closed: str = "", views: str = ""
) -> dict[str, str]:
    return {
        "Id": str(number), "PostTypeId": kind, "ParentId": parent, "CreationDate": at, "ClosedDate": closed,
        "ViewCount": views, "OwnerUserId": owner, "LastActivityDate": max(at, closed), "Tags": "<help><simulated>",
        "body_len": "99",
    }  # fmt: skip


def _votes(chance: random.Random, posts: Rows, times: int) -> Iterator[dict[str, str]]:
    shuffled = chance.sample(posts, len(posts))
    for number in range(1, times + 1):
        about = shuffled[int(len(shuffled) * chance.random() ** 2)]
        day = _day_of(about["CreationDate"]) + int(300 * chance.random() ** 6)
        yield {
            "Id": str(number),
            "PostId": about["Id"] if chance.random() < 0.98 else "999999999",
            "VoteTypeId": chance.choice(_VOTES),
            "CreationDate": f"{(_BEGIN + timedelta(days=day)).date()}T00:00:00.000",
        }


def _comments(chance: random.Random, posts: Rows, users: list[str], times: int) -> Iterator[dict[str, str]]:
    for number in range(1, times + 1):
        about = chance.choice(posts)
        yield {
            "Id": str(number), "PostId": about["Id"], "Score": str(int(chance.random() ** 8 * 20)),
            "CreationDate": _at(chance, _day_of(about["CreationDate"])), "UserId": _owner(chance, users),
            "text_len": "40",
        }  # fmt: skip


def _history(chance: random.Random, posts: Rows, users: list[str], times: int) -> Iterator[dict[str, str]]:
    number = 0
    for row in posts:
        number += 1
        yield _revision(number, "2", row["Id"], row["CreationDate"], row["OwnerUserId"])
    for _ in range(times):
        number += 1
        about = chance.choice(posts)
        at = _at(chance, _day_of(about["CreationDate"]))
        yield _revision(number, chance.choice(_HISTORY), about["Id"], at, _owner(chance, users))


def _revision(number: int, kind: str, about: str, at: str, user: str) -> dict[str, str]:
    return {
        "Id": str(number), "PostHistoryTypeId": kind, "PostId": about, "RevisionGUID": f"00000000-{number:012x}",
        "CreationDate": at, "UserId": user,
    }  # fmt: skip


def _user(chance: random.Random, user: str) -> dict[str, str]:
    at = _at(chance, 0)
    return {
        "Id": user, "Reputation": "101", "CreationDate": at, "LastAccessDate": _at(chance, _day_of(at)), "Views": "3",
        "UpVotes": str(int(chance.random() ** 12 * 900)), "DownVotes": str(int(chance.random() ** 16 * 300)),
        "has_about": str(int(chance.random() < 0.4)), "has_location": "0", "has_website": "0",
    }  # fmt: skip


if __name__ == "__main__":
    write_community(Path(sys.argv[2]), simulate(int(sys.argv[1])), layout=LAYOUT)
