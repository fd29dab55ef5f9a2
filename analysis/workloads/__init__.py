"""What is analysed: a model, its data and its metric."""
