"""run_comparison beside plain loops over the rows

given a SIMULATED community
    each badge is held by whom, and as often as, a loop says that was written from the published rules alone
"""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.reports.comparison.dealing import Disorder
from loyaltychain.reports.comparison.plan import find_comparison
from loyaltychain.reports.comparison.run import run_comparison
from tests.reports.comparison.builders import Rows, write_community
from tests.reports.comparison.simulated import LAYOUT, simulate

Held = dict[str, Counter[str]]  # by badge: how often members have it
NOBODY = ("", "-1")
DAY = 86_400
QUESTION_SCORES = {"Nice Question": 10, "Good Question": 25, "Great Question": 100}
ANSWER_SCORES = {"Nice Answer": 10, "Good Answer": 25, "Great Answer": 100}
SAVES = {"Favorite Question": 25, "Stellar Question": 100}


def seconds(at: str) -> int:
    return int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() // 1)


def scores(posts: dict[str, dict[str, str]], votes: Rows) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """By post: the highest score, the highest since it is accepted, and how often it was saved."""
    highest, accepted, saves = defaultdict[str, int](int), dict[str, int](), Counter[str]()
    score = Counter[str]()
    for vote in sorted(votes, key=lambda row: (row["CreationDate"], row["Id"])):
        about, kind = vote["PostId"], vote["VoteTypeId"]
        if about not in posts:
            continue
        score[about] += {"2": 1, "3": -1}.get(kind, 0)
        highest[about] = max(highest[about], score[about])
        saves[about] += kind == "5"
        if kind == "1" or about in accepted:
            accepted[about] = max(accepted.get(about, -(10**9)), score[about])
    return highest, accepted, saves


def of_posts(files: dict[str, Rows]) -> list[tuple[str, str]]:
    """Badge and member, for each post that brings one."""
    posts = {row["Id"]: row for row in files["posts"]}
    highest, accepted, saves = scores(posts, files["votes"])
    answers = defaultdict[str, list[dict[str, str]]](list)
    found: list[tuple[str, str]] = []
    for row in sorted(posts.values(), key=lambda row: (seconds(row["CreationDate"]), row["Id"])):
        best, owner = highest.get(row["Id"], 0), row["OwnerUserId"]
        if row["PostTypeId"] == "1":
            found += [(badge, owner) for badge, least in QUESTION_SCORES.items() if best >= least]
            found += [(badge, owner) for badge, least in SAVES.items() if saves[row["Id"]] >= least]
        if row["PostTypeId"] == "2":
            answers[row["ParentId"]].append(row)
            asked = posts[row["ParentId"]]
            days = (seconds(row["CreationDate"]) - seconds(asked["CreationDate"])) // DAY
            is_first = answers[row["ParentId"]][0] is row
            found += [(badge, owner) for badge, least in ANSWER_SCORES.items() if best >= least]
            found += [("Necromancer", owner)] * (days >= 60 and best >= 5)
            found += [("Revival", owner)] * (days >= 30 and best >= 2 and is_first)
            found += [("Enlightened", owner)] * (is_first and accepted.get(row["Id"], 0) >= 10)
            found += [("Guru", owner)] * (accepted.get(row["Id"], 0) >= 40)
    return found


def once(files: dict[str, Rows]) -> list[tuple[str, str]]:
    """Badge and member, for what is awarded once."""
    posts = {row["Id"]: row for row in files["posts"]}
    highest, accepted, _ = scores(posts, files["votes"])
    found = set[tuple[str, str]]()
    for row in posts.values():
        best, owner = highest.get(row["Id"], 0), row["OwnerUserId"]
        if row["PostTypeId"] == "1" and best >= 1:
            found.add(("Student", owner))
        if row["PostTypeId"] == "2" and best >= 1:
            found.add(("Teacher", owner))
        if row["PostTypeId"] == "2" and best >= 3 and posts[row["ParentId"]]["OwnerUserId"] == owner:
            found.add(("Self-Learner", owner))
        if row["PostTypeId"] == "2" and row["Id"] in accepted:
            found.add(("Scholar", posts[row["ParentId"]]["OwnerUserId"]))
    for row in files["posthistory"]:
        about, kind, user = posts[row["PostId"]], row["PostHistoryTypeId"], row["UserId"]
        if kind in ("4", "5"):
            found.add(("Editor" if about["PostTypeId"] in ("1", "2") else "Tag Editor", user))
        if kind == "6" and about["PostTypeId"] == "1" and about["OwnerUserId"] != user:
            found.add(("Organizer", user))
        if kind in ("7", "8", "9"):
            found.add(("Cleanup", user))
    comments = Counter(row["UserId"] for row in files["comments"])
    found |= {("Commentator", user) for user, times in comments.items() if times >= 10}
    for row in files["users"]:
        up, down = int(row["UpVotes"]), int(row["DownVotes"])
        found |= {("Supporter", row["Id"])} if up else set()
        found |= {("Critic", row["Id"])} if down else set()
        found |= {("Civic Duty", row["Id"])} if up + down >= 300 else set()
    return list(found)


@pytest.mark.parametrize("seed", [1, 2])
def test_run_comparison__simulated__as_a_loop_says(tmp_path: Path, seed: int) -> None:
    files = simulate(60, seed=seed)
    folder = write_community(tmp_path / "community", files, layout=LAYOUT)
    expected: Held = defaultdict(Counter)
    for badge, member in of_posts(files) + once(files):
        if member not in NOBODY:
            expected[badge][member] += 1

    comparison = find_comparison("stack_exchange")
    compared = run_comparison(comparison, folder, Disorder(), now=UnixSeconds(1_767_268_800))

    held: Held = defaultdict(Counter)
    for each in compared.derived.badges:
        held[comparison.names[each.achievement]][each.member] += 1
    assert len(expected) > 14
    assert {badge: held[badge] for badge in expected} == dict(expected)
    others = {"Popular Question", "Notable Question", "Famous Question", "Curious", "Autobiographer", "Pundit"}
    assert held.keys() - expected.keys() <= others | {"Inquisitive", "Socratic", "Research Assistant"}
