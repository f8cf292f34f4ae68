"""rotate
├── given a batch that the old key has sent: it becomes final, then the new one settles, and the old is refused
├── given it was stopped after any step, or between the moves of two files: the same call goes on, no key is lost
├── given CONFIG's key somewhere else: it says who can; once they have, the same call takes over
├── given nothing to settle: exchanged all the same
├── given CONFIG's delay: NotDue, then the same call goes on
├── given a key that may do more than settle, an empty account, the key of an earlier exchange, none: refused
├── given keys outside the project: switched, and it says what to exchange by hand
└── given that it is over: asked again, it checks again
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.audit.manifest import parse_manifest
from loyaltychain.chain.devkeys import COUNT, development_keys
from loyaltychain.chain.private_key import PrivateKey
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.deploy import operate
from loyaltychain.rotation import Step, rotate
from loyaltychain.wiring import World
from tests.worker.builders import MORE, SALES, Shop

NEW = development_keys()[COUNT - 1]
NEW_ADDRESS = PrivateKey(bytes.fromhex(NEW)).address
ALL = ["drain", "switch", "keys", "settle", "refused"]


@contextlib.contextmanager
def alone(world: World) -> Iterator[World]:
    yield world


def put_key(shop: Shop, name: str, key: str) -> Path:
    file = shop.home / "keys" / name
    file.write_text(key + "\n", encoding="ascii")
    file.chmod(0o600)
    return file


def exchange(
    shop: Shop, *, on_step: Callable[[Step], None] = lambda _: None, is_patient: bool = False, **profile: Any
) -> list[Step]:
    world, steps = shop.open(rpc=Mining(shop), **profile), list[Step]()  # type: ignore[arg-type]
    try:
        rotate(
            world,
            alone=alone,
            on_step=lambda step: (steps.append(step), on_step(step))[0],
            is_patient=is_patient,
            sleep=lambda _: None,
        )
    finally:
        world.engine.dispose()
    return steps


class Mining:
    """A node whose chain goes on: a block for each look at the head."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def block(self, number: int | str) -> Any:
        if number == "latest":
            self._shop.project.ask("evm_mine")
        return self._shop.rpc.block(number)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop.rpc, name)


def addresses(shop: Shop) -> tuple[str, str, str]:
    """Of the settler: by the chain, by the manifest, by the key that a worker would use."""
    world = shop.open()
    found = (
        operate.read_ledger(world.rpc, world.manifest).settler,
        str(parse_manifest(dict(world.manifest)).settler).lower(),
        world.settler().address,
    )
    world.engine.dispose()
    return found


def test_rotate__batch_on_its_way__final_exchanged_settled_refused(shop: Shop) -> None:
    old = addresses(shop)[0]
    shop.take(SALES)
    with pytest.raises(errors.RpcUnavailable):
        shop.run(rpc=OneSend(shop.rpc))  # type: ignore[arg-type]
    assert shop.states() == ["submitted"]
    put_key(shop, "next-settler.key", NEW)
    shop.take(MORE, "more.csv")

    steps = {step.name: step for step in exchange(shop, finality_depth=2)}

    assert list(steps) == ALL
    assert steps["drain"].facts["carried"] == 1
    assert steps["drain"].facts["unknown"] == 0
    assert steps["settle"].facts["batches"] == 2  # the one that was sent is taken into the books, and the next settled
    assert steps["refused"].facts["refused"].startswith("NotSettler(")
    assert addresses(shop) == (NEW_ADDRESS,) * 3
    assert [intent.signer for number in (1, 2) for intent in shop.intents(number)] == [old, NEW_ADDRESS]
    assert shop.states() == ["final", "final"]
    assert shop.settled() == [1, 2]
    assert shop.findings() == []
    kept = (shop.home / "keys" / "retired-settler.key").read_text()
    assert PrivateKey(bytes.fromhex(kept.strip())).address == old


class OneSend:
    """A node that dies once it has taken a transaction."""

    def __init__(self, rpc: Any) -> None:
        self._rpc = rpc
        self._is_dead = False

    def send_raw(self, raw: bytes) -> None:
        self._rpc.send_raw(raw)
        self._is_dead = True

    def __getattr__(self, name: str) -> Any:
        if self._is_dead:
            raise errors.RpcUnavailable("dead")
        return getattr(self._rpc, name)


def test_rotate__stopped_after_each_step__goes_on(shop: Shop) -> None:
    shop.take(SALES)
    put_key(shop, "next-settler.key", NEW)

    def stop_at(name: str) -> Callable[[Step], None]:
        def stop(step: Step) -> None:
            if step.name == name:
                raise KeyboardInterrupt

        return stop

    for name in ALL:
        with pytest.raises(KeyboardInterrupt):
            exchange(shop, on_step=stop_at(name))
    steps = exchange(shop)

    assert steps[-1].name == "refused"
    assert addresses(shop) == (NEW_ADDRESS,) * 3
    assert (shop.settled(), shop.states()) == ([1], ["final"])
    assert {file.name for file in (shop.home / "keys").glob("*settler*")} == {
        "settler.key", "retired-settler.key", "retired-settler.address",
    }  # fmt: skip


def test_rotate__stopped_between_two_moves__goes_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    put_key(shop, "next-settler.key", NEW)
    rename, moved = Path.rename, list[str]()

    def rename_once(self: Path, target: Path) -> Path:
        if moved:
            raise KeyboardInterrupt
        moved.append(self.name)
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename_once)
        with pytest.raises(KeyboardInterrupt):
            exchange(shop)
    assert (moved, (shop.home / "keys" / "settler.key").exists()) == (["settler.key"], False)

    assert [step.name for step in exchange(shop)] == ["drain", "keys", "settle", "refused"]
    assert addresses(shop) == (NEW_ADDRESS,) * 3


def test_rotate__switched_somewhere_else__takes_over(shop: Shop) -> None:
    shop.take(SALES)
    put_key(shop, "next-settler.key", NEW)
    shop.act("config", "setSettler", NEW_ADDRESS)
    (shop.home / "keys" / "config.key").unlink()

    assert [step.name for step in exchange(shop)] == ["drain", "keys", "settle", "refused"]
    assert addresses(shop) == (NEW_ADDRESS,) * 3
    assert shop.settled() == [1]


def test_rotate__without_the_key_of_config__says_who_can(shop: Shop) -> None:
    put_key(shop, "next-settler.key", NEW)
    (shop.home / "keys" / "config.key").unlink()

    with pytest.raises(errors.InvalidSettings, match="loyaltychain settler"):
        exchange(shop)


def test_rotate__nothing_to_settle_and_asked_again__exchanged_and_checked(shop: Shop) -> None:
    put_key(shop, "next-settler.key", NEW)

    first, again = exchange(shop), exchange(shop)

    assert [step.name for step in first] == ALL
    assert [step.name for step in again] == ["keys", "settle", "refused"]
    assert again[1].facts["batches"] == 0
    assert shop.findings() == []


def test_rotate__worker_with_the_retired_key__settles_nothing(shop: Shop) -> None:
    shop.take(SALES)
    put_key(shop, "next-settler.key", NEW)
    exchange(shop)
    shop.take(MORE, "more.csv")
    (shop.home / "keys" / "settler.key").write_text((shop.home / "keys" / "retired-settler.key").read_text())

    report = shop.run()

    assert report.waiting_for is not None
    assert "NotSettler" in report.waiting_for
    assert shop.settled() == [1]


@pytest.mark.parametrize("role", ["guardian", "admin", "deployer"])
def test_rotate__key_of_another_role__refused(shop: Shop, role: str) -> None:
    put_key(shop, "next-settler.key", (shop.home / "keys" / f"{role}.key").read_text().strip())

    with pytest.raises(errors.InvalidSettings, match=role):
        exchange(shop)


def test_rotate__no_key__says_how(shop: Shop) -> None:
    with pytest.raises(errors.InvalidSettings, match=r"next-settler\.json"):
        exchange(shop)


def test_rotate__empty_account__refused(shop: Shop) -> None:
    put_key(shop, "next-settler.key", "77" * 32)

    with pytest.raises(errors.InsufficientFunds, match="is empty"):
        exchange(shop)


def test_rotate__key_of_an_earlier_exchange__refused_before_anything(shop: Shop) -> None:
    put_key(shop, "next-settler.key", NEW)
    put_key(shop, "retired-settler.key", "77" * 32)
    before = addresses(shop)

    with pytest.raises(errors.InvalidSettings, match=r"delete keys/retired-settler\.key"):
        exchange(shop)

    assert addresses(shop) == before


def test_rotate__key_in_a_variable__switched_then_asks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.take(SALES)
    file = put_key(shop, "elsewhere", NEW)
    monkeypatch.setenv("LOYALTYCHAIN_NEXT_SETTLER_KEY_FILE", str(file))

    with pytest.raises(errors.InvalidSettings, match="LOYALTYCHAIN_NEXT_SETTLER_KEY_FILE"):
        exchange(shop)

    assert addresses(shop)[0] == NEW_ADDRESS
    monkeypatch.delenv("LOYALTYCHAIN_NEXT_SETTLER_KEY_FILE")
    monkeypatch.setenv("LOYALTYCHAIN_SETTLER_KEY_FILE", str(file))
    assert [step.name for step in exchange(shop)] == ["keys", "settle", "refused"]
    assert shop.settled() == [1]


def test_rotate__delay_of_config__waits_in_public(tmp_path: Path) -> None:
    from tests.projects import project_world, run_deploy  # a project of its own: the shared one has no delay

    with project_world(tmp_path / "slow") as project:
        world = project.open()
        run_deploy(world)
        world.engine.dispose()
        shop = Shop(project)
        put_key(shop, "next-settler.key", NEW)
        with pytest.raises(errors.NotDue):
            exchange(shop)
        before = addresses(shop)[0]
        with pytest.raises(errors.NotDue):
            exchange(shop)  # found scheduled, and not scheduled again
        assert addresses(shop)[0] == before != NEW_ADDRESS
        project.ask("evm_increaseTime", hex(100))
        project.ask("evm_mine")

        assert [step.name for step in exchange(shop)] == ["schedule", *ALL]
        assert addresses(shop) == (NEW_ADDRESS,) * 3
        assert open_project(shop.home, {}).home == shop.home
