"""Chaos: the real worker between faults of all kinds, and books that must come out right. Run it: scripts/chaos.py."""
