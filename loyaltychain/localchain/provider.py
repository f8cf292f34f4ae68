"""A web3 provider over a local chain in the same process: the same answers as over HTTP, without a socket."""

from typing import Any, cast

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from loyaltychain.localchain.local_chain import LocalChain


class InProcessProvider(JSONBaseProvider):
    """Requests and responses go through their JSON texts, so that nothing passes that a socket would not."""

    def __init__(self, chain: LocalChain) -> None:
        super().__init__()
        self._chain = chain

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """The response of the local chain. (``Any`` is web3's.)"""
        request = self.decode_rpc_response(self.encode_rpc_request(method, params))
        return cast(RPCResponse, self._chain.answer(request))

    def is_connected(self, show_traceback: bool = False) -> bool:
        """True: there is nothing to lose connection to."""
        return True
