"""Install development tools below ``.tools``: ``python3 scripts/tools.py``. Foundry's anvil and forge, and
OpenZeppelin's upgrade validator.

npm fetches pinned archives. Each is checked against a digest, those of Foundry against the ones below, the validator's
against its lock file, before anything of it is written or run. Needs Python and npm; installs nothing outside
``.tools``, and nothing at all when it is there already. slither and halmos are no business of this script: uvx runs
them in environments of their own (scripts/analyse.py).
"""

import base64
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
FOUNDRY_VERSION = "1.7.1"
UPGRADES_VERSION = "1.46.0"
#: Lock file of the validator: every archive with its digest.
UPGRADES_LOCK = ROOT / "contracts" / "analysis" / "upgrades"
#: npm's own integrity of each program's archive on each platform, as its registry publishes it.
FOUNDRY_SHA512 = {
    "anvil": {
        "linux-amd64": "+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
        "linux-arm64": "ykHJmFOGdBR8+9smOKBm9ZZDCCCkLQctiHOAddLvmYx9mPeBDMfq6jP51hKYsO5MG8ClPLSlWe+JpiXPjoXgBQ==",
        "darwin-amd64": "OgwzwY+FsGrsPyDv4mmbhOwARO8s37YHrm2qaNzgSH4VlKnXgJCrnoT7bpgOhLyBPtxXjBT8L2E3b79deesXRg==",
        "darwin-arm64": "JNeu3+A3f/npXLn8SR8EahVcqE7BpO9VQZMcPvSIy27/RNc1GsoEBvSLR99aSvt8sGKWAgNg/EzrtjAPq6mxcA==",
        "win32-amd64": "IeuBcmQ+AQKUxXA77czSVIfpST+KLBdXaL71JlK/h6e0DoP2CYnmVZn8WE/fuQfjAU2zaWw7PDXmq1kedbIUGA==",
    },
    "forge": {
        "linux-amd64": "/HQddyTanVOJKgvilmZrf8VOf7mhvwrWb59W73w5W5flX7b6zNh9CR6hKZzJwiRRi5Sxk/JOFEYIeKsQx7Teqg==",
        "linux-arm64": "jt+6H8AWHauP8kP+miMKJkMjC6UCHm6NRjO5D+5ca416o6iJGPURNs+Nlb0WWnb1gaCj7sXUZqpxH73Ub+YBWg==",
        "darwin-amd64": "0P18bZyXiCJ5YJMQ+FgOE3WToqt7qBp8eyeBWFAIHX79hwN8RWtvdBWJ6ZcYH14lWZVuN8oYi8Wkth/t3jAa8g==",
        "darwin-arm64": "PwvdcKxniBoIic163Gw8t7rIOfE8ZfV2mCM2WOXnGdsUbCJRvkqCWq4qidkUORbibhfiRTyw3991hMFL8/qEfw==",
        "win32-amd64": "WK+gWWlWYpgrsrKcle4hzV5k5TPoVE8acsnNnmckQhvcbcZBG2VukpkqFCJgOpPX1xuSYtskHTIhJbCx1w854w==",
    },
}
_PROCESSORS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_NPM_SECONDS = 300


def install_anvil() -> str | None:
    """Foundry's node. Returns why not, or None when it is there."""
    return _install_foundry("anvil")


def install_forge() -> str | None:
    """Foundry's test runner. Returns why not, or None when it is there."""
    return _install_foundry("forge")


def install_upgrades() -> str | None:
    """OpenZeppelin's upgrade validator. Returns why not, or None when it is there."""
    target = upgrades_file()
    if target.is_file():
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    TOOLS.mkdir(exist_ok=True)
    # Whole or not at all, like the programs.
    with tempfile.TemporaryDirectory(dir=TOOLS) as directory:
        home = Path(directory) / "home"
        shutil.copytree(UPGRADES_LOCK, home)
        if reason := _npm([npm, "ci", "--silent", "--ignore-scripts"], home):
            return reason
        home.replace(TOOLS / f"upgrades-core-{UPGRADES_VERSION}")
    return None


def foundry_file(program: str) -> Path:
    """Where this script puts anvil or forge, whether or not it is there yet."""
    return TOOLS / f"{program}-{FOUNDRY_VERSION}" / (f"{program}.exe" if os.name == "nt" else program)


def upgrades_file() -> Path:
    """The validator's main script, for node, whether or not it is there yet."""
    package = Path("node_modules", "@openzeppelin", "upgrades-core", "dist", "cli", "cli.js")
    return TOOLS / f"upgrades-core-{UPGRADES_VERSION}" / package


def _install_foundry(program: str) -> str | None:
    target = foundry_file(program)
    if target.is_file():
        return None
    kind = f"{sys.platform}-{_PROCESSORS.get(platform.machine().lower(), platform.machine())}"
    expected = FOUNDRY_SHA512[program].get(kind)
    if expected is None:
        return f"there is no {program} for {kind}"
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    packed = _pack(npm, f"@foundry-rs/{program}-{kind}@{FOUNDRY_VERSION}")
    if isinstance(packed, str):
        return packed
    digest = base64.b64encode(hashlib.sha512(packed).digest()).decode("ascii")
    if digest != expected:
        return f"npm gave another archive of {program} for {kind}: sha512-{digest}"
    _write_program(target, _program(packed, target.name))
    return None


def _pack(npm: str, package: str) -> bytes | str:
    """The package's archive as npm delivers it, or why there is none."""
    with tempfile.TemporaryDirectory() as directory:
        reason = _npm([npm, "pack", "--silent", "--ignore-scripts", package], Path(directory))
        archive = next(Path(directory).glob("*.tgz"), None)
        if reason is not None or archive is None:
            return reason or f"npm could not fetch {package}"
        return archive.read_bytes()


def _npm(command: list[str], directory: Path) -> str | None:
    """Run npm there. Returns why it failed, or None."""
    try:
        done = subprocess.run(command, cwd=directory, check=False, capture_output=True, text=True, timeout=_NPM_SECONDS)
    except (subprocess.TimeoutExpired, OSError) as error:
        return f"npm {command[1]}: {type(error).__name__}"
    if done.returncode == 0:
        return None
    return (done.stderr or done.stdout).strip()[-200:] or f"npm {command[1]} failed"


def _program(packed: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile(f"package/bin/{name}")
        assert member is not None, "the archive of this digest holds the program"
        return member.read()


def _write_program(target: Path, content: bytes) -> None:
    """Whole or not at all: tests in another process may look at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(0o755)
    unfinished.replace(target)


def main() -> int:
    code = 0
    for name, install, place in (
        (f"anvil {FOUNDRY_VERSION}", install_anvil, foundry_file("anvil")),
        (f"forge {FOUNDRY_VERSION}", install_forge, foundry_file("forge")),
        (f"upgrades-core {UPGRADES_VERSION}", install_upgrades, upgrades_file()),
    ):
        if reason := install():
            print(f"{name} could not be installed: {reason}", file=sys.stderr)
            code = 1
        else:
            print(f"{name}: {place.relative_to(ROOT)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
