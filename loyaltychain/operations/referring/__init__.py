"""Who sent whom: kept as events tell it, and told to the engine as facts of a referral."""
