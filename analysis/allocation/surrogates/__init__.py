"""Estimates of what a whole recipe does, from figures of single cells."""
