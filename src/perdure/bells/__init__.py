"""Bells: how processes wake one another. None of them carries anything that the store does not hold."""
