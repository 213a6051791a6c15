"""Threefold: live practice triads for counselling training."""
