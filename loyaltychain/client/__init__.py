"""A typed client of the settlement API. Imports nothing of the engine: it can be used without a project."""

from loyaltychain.client.calls import ApiProblem, Unreachable
from loyaltychain.client.client import Client
from loyaltychain.client.verify import WrongProof, verify_balance

__all__ = ["ApiProblem", "Client", "Unreachable", "WrongProof", "verify_balance"]
