"""Number formats, ranges and rounding: pure tensor maths."""
