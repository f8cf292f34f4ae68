"""Watching a programme in root mode: every batch checked while it can be voided, false ones challenged."""
