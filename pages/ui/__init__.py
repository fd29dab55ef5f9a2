"""Shell, session state, cached reads and shared controls of the app."""
