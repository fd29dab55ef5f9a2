"""Plain torch modules of the zoo, so that no package of others is needed to run them."""
