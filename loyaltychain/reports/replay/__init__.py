"""The whole history anew: every member's facts worked out from the events alone, folded in memory, and compared."""
