"""The summary, as JSON and for people
└── given counts of all kinds: both have them
"""

import json
from collections import Counter

from tests.chaos.__main__ import table
from tests.chaos.script import Summary

SUMMARY = Summary(
    7,
    kills=Counter({"send.after": 2, "at random": 1}),
    reorgs=Counter({7: 1, 2: 3}),
    faults=Counter({"null": 4}),
    operator_restarts=Counter({"WrongChain": 1}),
    events=1234,
)


def test_summary__as_json__has_all_counts() -> None:
    document = json.loads(json.dumps(SUMMARY.document()))
    assert (document["seed"], document["kills"]) == (7, {"at random": 1, "send.after": 2})
    assert (document["reorgs"], document["faults"]) == ({"2": 3, "7": 1}, {"null": 4})
    assert document["operator_restarts"] == {"WrongChain": 1}


def test_summary__for_people__has_the_sums() -> None:
    lines = table(SUMMARY).splitlines()
    assert "kills                    3: 2 at 1 failpoints, 1 at random" in lines
    assert any(line.startswith("reorganisations          4, up to 7 blocks") for line in lines)
    assert "lost                     0" in lines
