"""hit
├── given an environment that names none: nothing happens
├── given one that names it: SIGKILL at the pass that it says, the first if it says none
├── given one that says "stop": stopped at that pass, and once woken, on it goes
└── given one that names another: nothing happens
the names
└── each is hit at one place of the package, and no other is
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import loyaltychain
from loyaltychain.core.failpoints import FAILPOINTS, VARIABLE

SCRIPT = """
from loyaltychain.core.failpoints import hit
for number in range(3):
    hit("send.after")
    print(number, flush=True)
"""


@pytest.mark.parametrize(
    ("wanted", "passes", "code"),
    [
        (None, 3, 0),
        ("send.after", 0, -signal.SIGKILL),
        ("seal.before_commit send.after:3", 2, -signal.SIGKILL),
        ("seal.before_commit", 3, 0),
    ],
)
def test_hit__as_the_environment_says(wanted: str | None, passes: int, code: int) -> None:
    environ = {} if wanted is None else {VARIABLE: wanted}
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True, env=environ)
    assert (len(done.stdout.split()), done.returncode) == (passes, code), done.stderr


def test_hit__stop__stopped_there_until_it_is_woken() -> None:
    environ = {VARIABLE: "send.after:2:stop"}
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), status
        assert process.stdout.readline() == b"0\n"
        process.send_signal(signal.SIGCONT)
        assert (process.stdout.read(), process.wait(timeout=60)) == (b"1\n2\n", 0)


def test_failpoints__each_name__is_hit_at_one_place() -> None:
    files = Path(loyaltychain.__file__).parent.rglob("*.py")
    hits = Counter(name for file in files for name in re.findall(r'\bhit\("([^"]+)"\)', file.read_text("utf-8")))
    assert hits == Counter(FAILPOINTS)
