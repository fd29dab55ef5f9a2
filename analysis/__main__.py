"""`python -m analysis` is `quantscope`."""

from analysis.cli.main import main

if __name__ == "__main__":
    main()
