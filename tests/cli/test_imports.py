"""what commands load
├── asked for the version alone: none of them is loaded
└── those that speak to no chain, the server of the API among them, load none of its libraries
"""

import subprocess
import sys

CHAIN = ("web3", "eth_account", "eth", "solcx")
SPEAK_TO_NO_CHAIN = ("serving", "keys", "ingesting", "members", "people", "acting")


def test_version__asked_for_alone__loads_no_command() -> None:
    told = "import sys; from loyaltychain.cli.main import make_app; make_app('--version'); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)

    loaded = [name for name in done.stdout.split() if name.startswith("loyaltychain.cli.")]
    assert loaded == ["loyaltychain.cli.main"]


def test_commands_without_a_chain__load_none_of_its_libraries() -> None:
    modules = ", ".join(f"loyaltychain.cli.{name}" for name in SPEAK_TO_NO_CHAIN)
    told = f"import sys, {modules}; print([name for name in {CHAIN} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"
