"""Members who have a wallet on chain, and become one

├── given a number with a wallet: it does not go over (exit code 2), and another one goes over into it
├── given a wallet that was bound: its member spends nothing until the cool-down is over
└── given a merge and its undoing: both settle, and the audit finds nothing
(One wallet, two members: ``test_cli.py`` here, and the registry's own tests.)
"""

import json
from pathlib import Path

import pytest

from loyaltychain.cli import main as command_line
from loyaltychain.db.engine import reading
from loyaltychain.events import identity
from loyaltychain.operations.cooldown import last_change
from tests.wallets.test_cli import Speaker, running_project

SAID = ("--reason", "one person", "--actor", "eve@shop")


def test_merge__wallets_on_chain__settles_and_is_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(*line: str) -> tuple[int, dict[str, object]]:
        monkeypatch.setattr("sys.argv", ["loyaltychain", *line, "--home", str(world.project.home), "--json"])
        capsys.readouterr()
        code = 0
        try:
            command_line.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, json.loads(capsys.readouterr().out)

    with running_project(tmp_path / "project") as world:
        assert say("run", "--once")[0] == 0
        bound = Speaker(world, monkeypatch, capsys).bind("ann", "71" * 32)

        code, answer = say("member", "merge", "ann", "bob", *SAID)
        assert (code, answer["error"]["code"]) == (2, "MergeRefused")  # type: ignore[index]
        assert answer["error"]["facts"]["wallet"] == bound["wallet"]  # type: ignore[index]
        with reading(world.engine) as tx:
            ann, bob = (identity.find_member(tx, name) for name in ("ann", "bob"))
            assert last_change(tx, ann) is not None
            assert last_change(tx, bob) is None

        for line, shown in ((("merge", "bob", "ann"), 24), (("unmerge", "bob"), 12)):
            code, answer = say("member", *line, *SAID)
            assert (code, answer["points"]) == (0, 12)
            code, answer = say("run", "--once")
            assert code == 0, answer
            code, answer = say("audit")
            assert (code, answer["findings"]) == (0, [])
            assert say("wallet", "show", "--member", "ann")[1]["points_shown"] == shown
