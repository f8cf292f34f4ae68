"""The form of a receipt file, checked strictly: every field there, nothing else, everything in range."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loyaltychain.core.amounts import MEMBER_MAX
from loyaltychain.core.errors import InvalidReceipt

PROOF_MAX: Final = 32  # siblings; a batch has far fewer than 2**32 receipts
AMOUNT_MAX: Final = 2**53 - 1  # what JSON holds exactly

Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Uint32 = Annotated[int, Field(ge=0, lt=2**32)]
Exact = Annotated[int, Field(ge=0, le=AMOUNT_MAX)]
Member = Annotated[int, Field(ge=1, le=MEMBER_MAX)]
STRICT: Final = ConfigDict(strict=True, extra="forbid", frozen=True)


class PostingForm(BaseModel):
    """Points or a badge from one account to another."""

    model_config = STRICT
    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
    source: str = Field(alias="from")
    destination: str = Field(alias="to")
    unit: str


class EntryForm(BaseModel):
    """The ledger entry that the receipt is for (PROTOCOL §6)."""

    model_config = STRICT
    cause: str
    details: dict[str, Any] = Field(default_factory=dict)  # left out when there are none
    id: str
    kind: str
    member: Member | None
    occurred_at: Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
    postings: list[PostingForm]
    program: Hash | None
    rule: str | None


class BatchForm(BaseModel):
    """The header of the batch that settled it (PROTOCOL §2), and its hash."""

    model_config = STRICT
    batchId: Uint32  # noqa: N815 - the protocol's names
    prevHash: Hash  # noqa: N815
    balanceRoot: Hash  # noqa: N815
    receiptRoot: Hash  # noqa: N815
    ledgerHead: Hash  # noqa: N815
    programHash: Hash  # noqa: N815
    dataHash: Hash  # noqa: N815
    time: Exact
    updates: Uint32
    issued: Exact
    burned: Exact
    supply: Exact
    batchHash: Hash  # noqa: N815


class ReceiptForm(BaseModel):
    """The whole file."""

    model_config = STRICT
    format: Literal["loyaltychain/receipt/v1"]
    chain_id: Exact
    ledger: Address
    network: str
    batch: BatchForm
    index: Uint32
    member: Member
    unit: str
    amount: Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
    entry: EntryForm
    entry_digest: Hash
    salt: Hash
    proof: Annotated[list[Hash], Field(max_length=PROOF_MAX)]


def parse_receipt(document: Mapping[str, object]) -> ReceiptForm:
    """The receipt in a document.

    Raises:
        InvalidReceipt: a field is missing, unknown, of another kind or out of range; names the first.
    """
    try:
        return ReceiptForm.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InvalidReceipt("This file is not a receipt.", field=field, reason=first["msg"]) from error
