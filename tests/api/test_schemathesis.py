"""The whole contract, by requests that an independent tool makes of it: what is answered is what is written there.

Half a minute; LOYALTYCHAIN_TEST_FUZZ_SECONDS=600 for the long form. The tool reports what broke and how to repeat it.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from loyaltychain.api.keys import create_key
from loyaltychain.config.project import open_project
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from tests.api.processes import serving_with_log
from tests.api.test_process import use_postgresql
from tests.database import ENGINES
from tests.e2e.processes import Commands
from tests.projects import NOW, new_project

SECONDS = int(os.environ.get("LOYALTYCHAIN_TEST_FUZZ_SECONDS", "30"))
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "ignored_auth",
)  # fmt: skip
NO_LIMITS = "\n[api.limits]\nmember_per_minute = 0\nexpensive_per_minute = 0\n"


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("engine_name", ENGINES if SECONDS > 30 else ["sqlite"])
def test_contract__holds_against_requests_of_any_kind(tmp_path: Path, engine_name: str) -> None:
    if importlib.util.find_spec("schemathesis") is None:
        pytest.skip("schemathesis is not installed: it is in the dependency group `test`")
    project = Commands(new_project(tmp_path / "shop").home)
    if engine_name == "postgresql":
        use_postgresql(project)
    file = project.home / "loyaltychain.toml"
    file.write_text(file.read_text(encoding="utf-8") + NO_LIMITS, encoding="utf-8")
    engine = open_migrated(open_project(project.home, {}).database_url)
    with transaction(engine) as tx:
        _, key = create_key(tx, "fuzz", ["shop"], environment="test", manages=True, now=NOW)
    engine.dispose()

    with serving_with_log(project) as url:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--max-time", str(SECONDS),
                   "--header", f"Authorization: Bearer {key}", "--checks", ",".join(CHECKS), "--phases",
                   "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--warnings", "off",
                   "--request-timeout", "60", "--generation-database", "none"]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    operations = re.search(r"Operations: +([0-9]+) selected", done.stdout)
    cases = re.search(r"([0-9]+) generated, ([0-9]+) passed", done.stdout)
    assert operations is not None and cases is not None, done.stdout
    assert int(operations[1]) >= 20 and int(cases[2]) >= 5 * int(operations[1])
    assert "Traceback" not in (project.home / "serve.log").read_text(encoding="utf-8")
