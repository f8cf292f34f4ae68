"""What is tracked: no registry's host, no machine's path, no file that is too long. And the wheel has all it needs."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES_MAX = 300


def tracked_files() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so what is tracked is not known")
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def registry_hosts() -> set[str]:
    """The hosts that this machine's package clients are set to, and the public ones."""
    said = "".join(
        subprocess.run(command, check=False, capture_output=True, text=True).stdout
        for command in ([sys.executable, "-m", "pip", "config", "list"], ["npm", "config", "get", "registry"])
        if shutil.which(command[0])
    )
    public = {"py" + "pi.org", "files.python" + "hosted.org", "registry.npm" + "js.org"}
    hosts = set(re.findall(r"https?://(?:[^@/\s']*@)?([\w.-]+)", said))
    return {host for host in hosts | public if not host.startswith(("localhost", "127."))}


def test_tracked_files__registry_hosts__none() -> None:
    hosts = registry_hosts()

    found = [
        (path.relative_to(ROOT), host)
        for path in tracked_files()
        for host in hosts
        if host in path.read_text(encoding="utf-8", errors="replace")
    ]

    assert found == []


def test_tracked_files__locks_of_other_tools_and_machine_paths__none() -> None:
    machine_path = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w")

    tracked = tracked_files()

    assert [path.name for path in tracked if path.name == "uv.lock"] == []
    texts = [
        path
        for path in tracked
        if path.suffix in {".py", ".sol", ".md", ".toml", ".yaml", ".txt", ".json", ".jsonl", ".cjs"}
    ]
    assert [path for path in texts if machine_path.search(path.read_text(encoding="utf-8"))] == []


def test_modules__length__at_most_300_lines() -> None:
    modules = [path for folder in ("loyaltychain", "scripts", "tests") for path in (ROOT / folder).rglob("*.py")]
    sources = list((ROOT / "contracts" / "src").rglob("*.sol"))

    too_long = [path for path in modules + sources if path.read_text(encoding="utf-8").count("\n") > LINES_MAX]

    assert too_long == []


def test_wheel__built__holds_everything_that_is_read_at_run_time(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    package = ROOT / "loyaltychain"
    read = [
        path
        for path in package.rglob("*")
        if path.suffix in {".json", ".toml", ".yaml", ".cjs", ".jsonl", ".mako", ".sql"}
    ]
    assert len(read) >= 12
    assert {str(path.relative_to(ROOT)) for path in read} <= names
    assert "loyaltychain/artifacts/input.json" in names
