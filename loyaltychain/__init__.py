"""loyaltychain: loyalty programmes in which every point is provable."""

__version__ = "0.1.0"
