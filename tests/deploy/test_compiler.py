"""
find_solc
├── given a named compiler of another build, it refuses and says which
├── given a named file that is no compiler, or none, it refuses
├── given an unknown mode, it refuses
├── given an empty machine and no network allowed, it refuses and says what was tried
├── given a download that takes too long, it gives up
└── given node and npm's compiler, its launcher answers as the pinned build
find_soljson
├── given a file with another digest, it is not used
└── given the pinned file in the cache, it is used
make_input
├── given this checkout, it is the shipped input
└── given no installed libraries, it takes the shipped ones and is the same
compile_input
└── given a source that does not compile, or warns, it refuses
check
├── that the shipped artifacts hold is the gate's to say (scripts/check.py), which runs before the tests
├── given a changed, a new or a missing source, it names it
├── given no checkout, it skips the sources and says so
└── given no compiler, it skips the compilation and says so
artifacts
├── given the shipped files, names and hashes agree with the releases
├── given code with immutables, the hash does not depend on them
└── given the library's lock file, every package is pinned by content and by no address
"""

import json
import shutil
from pathlib import Path

import pytest

import loyaltychain
from loyaltychain.chain import artifacts
from loyaltychain.core.errors import ArtifactsStale, CompilerUnavailable
from loyaltychain.core.hashing import keccak256
from loyaltychain.deploy import compile as compilation
from loyaltychain.deploy.compiler import SOLC_BUILD, find_solc
from loyaltychain.deploy.soljson import find_soljson

CONTRACTS = compilation.CONTRACTS
SOLJSON = CONTRACTS / "node_modules" / "solc" / "soljson.js"
needs_node = pytest.mark.skipif(not (shutil.which("node") and SOLJSON.is_file()), reason="needs node and npm ci")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which py-solc-x has installed nothing."""
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def solc() -> Path:
    try:
        return find_solc(CONTRACTS)
    except CompilerUnavailable as absent:
        pytest.skip(str(absent))


def make_script(directory: Path, text: str) -> Path:
    script = directory / "solc"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    return script


def copy_sources(directory: Path) -> Path:
    shutil.copytree(CONTRACTS / "src", directory / "src")
    return directory


def test_find_solc__given_another_build__is_refused(tmp_path: Path) -> None:
    script = make_script(tmp_path, "echo Version: 0.8.36+commit.12345678.Linux.g++")

    with pytest.raises(CompilerUnavailable) as refusal:
        find_solc(environ={"LOYALTYCHAIN_SOLC": str(script)})

    assert "got: 0.8.36+commit.12345678" in refusal.value.context["named"]


@pytest.mark.parametrize("text", ["echo hello", "exit 3"])
def test_find_solc__given_no_compiler__is_refused(tmp_path: Path, text: str) -> None:
    script = make_script(tmp_path, text)

    with pytest.raises(CompilerUnavailable) as refusal:
        find_solc(environ={"LOYALTYCHAIN_SOLC": str(script)})

    assert refusal.value.context["named"].startswith("this is no Solidity compiler")


def test_find_solc__given_a_missing_file__is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompilerUnavailable) as refusal:
        find_solc(environ={"LOYALTYCHAIN_SOLC": str(tmp_path / "absent")})

    assert refusal.value.context["build"] == SOLC_BUILD
    assert "No such file" in refusal.value.context["named"]


def test_find_solc__given_an_unknown_mode__is_refused() -> None:
    with pytest.raises(CompilerUnavailable) as refusal:
        find_solc(environ={"LOYALTYCHAIN_SOLC_MODE": "fast"})

    assert refusal.value.context == {"mode": "fast"}


def test_find_solc__given_an_empty_machine__says_what_was_tried(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CompilerUnavailable) as refusal:
        find_solc(environ={"LOYALTYCHAIN_OFFLINE": "1", "LOYALTYCHAIN_CACHE": str(bare)})

    assert refusal.value.context.keys() == {"build", "native", "wasm"}
    assert refusal.value.context["native"] == "not installed, and nothing may be downloaded"


def test_find_solc__given_a_slow_download__gives_up(bare: Path) -> None:
    environ = {"LOYALTYCHAIN_SOLC_MODE": "native", "LOYALTYCHAIN_SOLC_TIMEOUT": "0.001"}

    with pytest.raises(CompilerUnavailable) as refusal:
        find_solc(environ=environ)

    assert "timed out after 0.001 s" in refusal.value.context["native"]
    assert list(bare.iterdir()) == []


@needs_node
def test_find_solc__given_node_and_the_npm_compiler__is_the_pinned_build(bare: Path) -> None:
    found = find_solc(CONTRACTS, environ={"LOYALTYCHAIN_SOLC_MODE": "wasm", "LOYALTYCHAIN_CACHE": str(bare)})

    assert found.parent == bare
    assert str(SOLJSON) in found.read_text()


def test_find_soljson__given_another_digest__is_not_used(tmp_path: Path) -> None:
    planted = tmp_path / "node_modules" / "solc" / "soljson.js"
    planted.parent.mkdir(parents=True)
    planted.write_text("// something else")

    with pytest.raises(CompilerUnavailable, match=r"soljson\.js is not here"):
        find_soljson(tmp_path, tmp_path, node=Path("node"), offline=True)


@needs_node
def test_find_soljson__given_the_pinned_file_in_the_cache__is_used(tmp_path: Path) -> None:
    cached = tmp_path / "soljson-221d7a667378.js"
    shutil.copyfile(SOLJSON, cached)

    assert find_soljson(None, tmp_path, node=Path("node"), offline=True) == cached


def test_make_input__given_this_checkout__is_the_shipped_input() -> None:
    assert compilation.make_input() == artifacts.read_document("input.json")


def test_make_input__given_no_installed_libraries__is_the_same(tmp_path: Path) -> None:
    assert compilation.make_input(copy_sources(tmp_path)) == artifacts.read_document("input.json")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("uint256 x = ;", "the sources do not compile"),
        ("function f() external { uint256 x = 1; }", "the compiler warns"),
    ],
)
def test_compile_input__given_a_faulty_source__is_refused(solc: Path, body: str, reason: str) -> None:
    text = f"// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\ncontract Faulty {{ {body} }}"
    document = {
        "language": "Solidity",
        "settings": {"outputSelection": {"*": {"*": ["abi"]}}},
        "sources": {"src/Faulty.sol": {"content": text}},
    }

    with pytest.raises(ArtifactsStale, match=reason):
        compilation.compile_input(document, solc)


@pytest.mark.parametrize("change", ["changed", "new", "missing"])
def test_check__given_another_source__names_it(tmp_path: Path, change: str) -> None:
    source = copy_sources(tmp_path) / "src" / "PointsLedger.sol"
    if change == "changed":
        source.write_text(source.read_text() + " ")
    elif change == "new":
        source = source.with_name("Other.sol")
        source.write_text("")
    else:
        source.unlink()

    with pytest.raises(ArtifactsStale) as stale:
        compilation.check(tmp_path)

    assert stale.value.context == {"sources": [f"src/{source.name}"]}


def test_check__given_no_checkout_and_no_compiler__skips_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTYCHAIN_SOLC", str(tmp_path / "absent"))

    report = compilation.check(tmp_path)

    assert report.sources == "skipped: no contracts/src here, this is an installed package"
    assert report.compiled.startswith("skipped: let py-solc-x download the compiler")


def test_artifacts__given_the_shipped_files__agree_with_the_releases() -> None:
    hashes = {name: artifacts.load(name).code_hash for name in artifacts.CONTRACTS}

    assert artifacts.names() == sorted(compilation.SHIPPED)
    assert artifacts.read_releases()[loyaltychain.__version__] == hashes


def test_masked_code_hash__given_immutables__does_not_depend_on_them() -> None:
    references = [(1, 2), (5, 1)]

    assert artifacts.masked_code_hash(b"\x01\x02\x03\x04\x05\x06", references) == keccak256(b"\x01\0\0\x04\x05\0")
    assert artifacts.masked_code_hash(b"\x01\x02", references) == keccak256(b"\x01\0")


def test_lock_file__given_every_package__is_pinned_by_content_and_no_address() -> None:
    packages = json.loads((CONTRACTS / "package-lock.json").read_text())["packages"]
    wanted = json.loads((CONTRACTS / "package.json").read_text())

    assert wanted["dependencies"] == {
        "@openzeppelin/contracts": "5.7.0",
        "@openzeppelin/contracts-upgradeable": "5.7.0",
        "solc": "0.8.37",
    }
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
