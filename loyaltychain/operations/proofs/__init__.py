"""Proof of what happened elsewhere: codes to scan, links to share, and a moderator's word."""
