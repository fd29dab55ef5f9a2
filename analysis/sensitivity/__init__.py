"""Sweeps: how much the output suffers when only one tensor is quantised."""
