"""What each head of an attention layer would cost, quantised alone."""
