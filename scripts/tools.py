"""Install development tools below ``.tools``: ``python3 scripts/tools.py``. Today that is anvil, Foundry's node.

npm fetches one pinned archive, which is checked against the digest below before anything of it is written or run.
Needs Python and npm; installs nothing outside ``.tools``, and nothing at all when it is there already.
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
ANVIL_VERSION = "1.7.1"
#: npm's own integrity of each platform's archive, as its registry publishes it.
ANVIL_SHA512 = {
    "linux-amd64": "+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
    "linux-arm64": "ykHJmFOGdBR8+9smOKBm9ZZDCCCkLQctiHOAddLvmYx9mPeBDMfq6jP51hKYsO5MG8ClPLSlWe+JpiXPjoXgBQ==",
    "darwin-amd64": "OgwzwY+FsGrsPyDv4mmbhOwARO8s37YHrm2qaNzgSH4VlKnXgJCrnoT7bpgOhLyBPtxXjBT8L2E3b79deesXRg==",
    "darwin-arm64": "JNeu3+A3f/npXLn8SR8EahVcqE7BpO9VQZMcPvSIy27/RNc1GsoEBvSLR99aSvt8sGKWAgNg/EzrtjAPq6mxcA==",
    "win32-amd64": "IeuBcmQ+AQKUxXA77czSVIfpST+KLBdXaL71JlK/h6e0DoP2CYnmVZn8WE/fuQfjAU2zaWw7PDXmq1kedbIUGA==",
}
_PROCESSORS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_NPM_SECONDS = 300


def install_anvil() -> str | None:
    """anvil of the pinned version below ``.tools``. Returns why not, or None when it is there."""
    target = anvil_file()
    if target.is_file():
        return None
    kind = f"{sys.platform}-{_PROCESSORS.get(platform.machine().lower(), platform.machine())}"
    if kind not in ANVIL_SHA512:
        return f"there is no anvil for {kind}"
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    packed = _pack(npm, f"@foundry-rs/anvil-{kind}@{ANVIL_VERSION}")
    if isinstance(packed, str):
        return packed
    digest = base64.b64encode(hashlib.sha512(packed).digest()).decode("ascii")
    if digest != ANVIL_SHA512[kind]:
        return f"npm gave another archive for {kind}: sha512-{digest}"
    _write_program(target, _program(packed, target.name))
    return None


def anvil_file() -> Path:
    """Where this script puts the program, whether or not it is there yet."""
    return TOOLS / f"anvil-{ANVIL_VERSION}" / ("anvil.exe" if os.name == "nt" else "anvil")


def _pack(npm: str, package: str) -> bytes | str:
    """The package's archive as npm delivers it, or why there is none."""
    with tempfile.TemporaryDirectory() as directory:
        command = [npm, "pack", "--silent", "--ignore-scripts", package]
        try:
            done = subprocess.run(
                command, cwd=directory, check=False, capture_output=True, text=True, timeout=_NPM_SECONDS
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            return f"npm did not deliver {package}: {type(error).__name__}"
        archive = next(Path(directory).glob("*.tgz"), None)
        if done.returncode != 0 or archive is None:
            return (done.stderr or done.stdout).strip()[-200:] or f"npm could not fetch {package}"
        return archive.read_bytes()


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
    if reason := install_anvil():
        print(f"anvil {ANVIL_VERSION} could not be installed: {reason}", file=sys.stderr)
        return 1
    print(f"anvil {ANVIL_VERSION}: {anvil_file().relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
