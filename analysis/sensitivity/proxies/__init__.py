"""Cheaper stand-ins for the measured divergence, and how far they agree with it."""
