"""What the local chain answers instead of a result: JSON-RPC error objects, as exceptions on their way there."""

from loyaltychain.core.errors import RequestError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
UNKNOWN_METHOD = -32601
INVALID_PARAMS = -32602
SERVER_ERROR = -32000
REVERTED = 3  # geth's code for a call that the contract refused


class RefusalError(RequestError):
    """The local chain refuses a request; the sentence is what a node would say."""

    def __init__(self, code: int, sentence: str, *, revert: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.code = code
        self.revert = revert  # 0x hex of the revert bytes

    def as_error(self) -> dict[str, object]:
        """The JSON-RPC error object."""
        content: dict[str, object] = {"code": self.code, "message": self.message}
        return content if self.revert is None else content | {"data": self.revert}
