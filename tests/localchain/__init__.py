"""Tests of the lasting local chain."""
