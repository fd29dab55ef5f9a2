"""Real pretrained models with real evaluation data, prepared on the user's machine."""
