"""The settings of keys that are somewhere else: ``[signers]``, a table of role -> adapter."""

from typing import Annotated

from pydantic import Field

_Role = Annotated[str, Field(pattern="^(deployer|admin|guardian|config|upgrader|registrar|settler|next-settler)$")]
#: ``module:function``, which is called with the role's name and makes its signer (docs/WORKER.md).
_Factory = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$")]

Signers = dict[_Role, _Factory]
