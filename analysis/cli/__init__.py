"""The command line: parsing and printing; every figure comes from the library."""
