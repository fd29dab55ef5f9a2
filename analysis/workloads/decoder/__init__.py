"""Llama-like language models as plain modules, whole or block by block."""
