"""Models with their data as users bring them: what is stored of each, and opening it."""
