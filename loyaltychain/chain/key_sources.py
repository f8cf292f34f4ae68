"""Where a role's key comes from, in one order for every role, and the key itself when something is to be signed.

1. ``[signers]`` in the settings: a KMS or HSM behind an adapter
2. ``LOYALTYCHAIN_<ROLE>_KEY``: 64 hex digits
3. ``LOYALTYCHAIN_<ROLE>_KEY_FILE``: a file of 64 hex digits (mode 0600), or a keystore
4. ``keys/<role>.key``: such a file
5. ``keys/<role>.json``: a keystore
6. ``keys/<role>.address``: no key, but whom the role belongs to

Of the first three only one may be set. Finding a source reads no secret.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loyaltychain.chain.keystore import AskPassword, Keystore, read_address, read_keystore
from loyaltychain.chain.private_key import PrivateKey, load_key, parse_key, read_private
from loyaltychain.chain.remote_signer import RemoteKey, open_remote
from loyaltychain.core import errors
from loyaltychain.core.dumps import forbid_core_dumps
from loyaltychain.core.environment import Variables

Kind = Literal["signer", "variable", "file", "keystore", "address", "nowhere"]


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a role's key is. Holds nothing of it."""

    role: str
    kind: Kind
    where: str  # the factory, the variable's name or the file, as people may read it
    file: Path | None = None
    pinned: Path | None = None  # the file with the address that the key must have

    @property
    def is_in_project(self) -> bool:
        """Whether it is a file of the role's own in ``keys/``, and not one that somebody named."""
        return self.file is not None and self.where == str(self.file) and self.file.stem == self.role


def variable_of(role: str) -> str:
    """The variable with a role's key; with ``_FILE`` behind it, the one that names a file."""
    return f"LOYALTYCHAIN_{role.upper().replace('-', '_')}_KEY"


def find_source(
    role: str, environ: Variables, directory: Path | None, *, signer: str | None = None, keystore: Path | None = None
) -> KeySource:
    """Where the key of ``role`` is.

    Args:
        directory: The project's ``keys``; None where there is no project.
        signer: ``module:factory`` of the settings.
        keystore: A keystore that was named on the command line: it comes before everything else.

    Raises InvalidSettings when two places outside ``keys/`` are set: which one is meant, nobody can know.
    """
    if keystore is not None:
        return KeySource(role, "keystore", str(keystore), keystore)
    name = variable_of(role)
    address = None if directory is None else directory / f"{role}.address"
    pinned = address if address is not None and address.exists() else None
    named = {
        f"[signers] {role}": signer,
        name: environ.get(name) and "set",  # not what it holds: this dictionary may be printed
        f"{name}_FILE": environ.get(f"{name}_FILE"),
    }
    places = [place for place, value in named.items() if value]
    if len(places) > 1:
        raise errors.InvalidSettings(
            f"The {role}'s key comes from {' and from '.join(places)}: leave one of them.", role=role, places=places
        )
    if signer:
        return KeySource(role, "signer", signer, pinned=pinned)
    if named[name]:
        return KeySource(role, "variable", name, pinned=pinned)
    if file := named[f"{name}_FILE"]:
        return KeySource(role, "file", f"{name}_FILE", Path(file), pinned)
    if directory is None:
        return KeySource(role, "nowhere", name)
    for kind, path in _files(directory, role):
        if path.exists():
            return KeySource(role, kind, str(path), path, pinned if kind != "address" else None)
    return KeySource(role, "nowhere", str(directory / f"{role}.key"))


def open_key(source: KeySource, environ: Variables, ask_password: AskPassword) -> PrivateKey | RemoteKey:
    """The key. A process that opened one leaves no core dump from then on.

    Raises:
        InvalidSettings: there is none, it cannot be read, the password does not fit, or it is of another address than
            ``keys/<role>.address`` says.
        SignerUnavailable: the adapter of ``[signers]`` could not be made.
    """
    forbid_core_dumps()
    is_remote = source.kind == "signer"
    key = open_remote(source.where, source.role) if is_remote else _read(source, environ, ask_password)
    if source.pinned is not None and (expected := read_address(source.pinned)) != key.address:
        raise errors.InvalidSettings(
            f"The {source.role}'s key is not the one of {source.pinned.name}: put the right key there, or the right "
            "address.",
            where=source.where,
            expected=expected,
            found=key.address,
        )
    return key


def read_source_address(source: KeySource) -> str | None:
    """The address as far as it can be known without the key: of an ``.address`` file, or of a keystore that says it.

    Raises InvalidSettings when such a file cannot be read.
    """
    if source.kind == "address" and source.file is not None:
        return read_address(source.file)
    if source.pinned is not None:
        return read_address(source.pinned)
    if source.kind == "keystore" and source.file is not None:
        return read_keystore(source.file).address
    return None


def _files(directory: Path, role: str) -> tuple[tuple[Kind, Path], ...]:
    return (
        ("file", directory / f"{role}.key"),
        ("keystore", directory / f"{role}.json"),
        ("address", directory / f"{role}.address"),
    )


def _read(source: KeySource, environ: Variables, ask_password: AskPassword) -> PrivateKey:
    if source.kind == "variable":
        return _read_variable(source.where, environ)
    if source.file is not None and source.kind == "keystore":
        return _unlock(read_keystore(source.file), ask_password)
    if source.file is not None and source.kind == "file":
        return _read_file(source.file, ask_password)
    has_address = " There is its address alone." if source.kind == "address" else ""
    raise errors.InvalidSettings(
        f"There is no key of the {source.role}.{has_address} Set {variable_of(source.role)}_FILE to a file of 64 hex "
        f"digits or a keystore, or put {source.role}.json or {source.role}.key into keys/.",
        role=source.role,
        file=f"{source.role}.key",
    )


def _read_variable(name: str, environ: Variables) -> PrivateKey:
    return parse_key((environ.get(name) or "").encode("utf-8", "replace"), where=name)


def _read_file(file: Path, ask_password: AskPassword) -> PrivateKey:
    """A file that a variable names may be a keystore too."""
    if read_private(file).lstrip().startswith(b"{"):
        return _unlock(read_keystore(file), ask_password)
    return load_key(file)


def _unlock(keystore: Keystore, ask_password: AskPassword) -> PrivateKey:
    return keystore.unlock(ask_password(keystore.file))
