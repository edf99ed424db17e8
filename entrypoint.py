"""Start the service; the whole command line."""

from github_metrics.__main__ import main

if __name__ == "__main__":
    main()
