"""The sketch of a language model that is larger than memory, one half of a block at a time."""
