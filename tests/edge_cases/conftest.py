"""Fixtures of the stories."""

from tests.operations.conftest import shared

__all__ = ["shared"]
