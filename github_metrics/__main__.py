"""The command. Each process that it starts imports this module again, so it imports nothing until it runs."""


def main() -> None:
    """Run the command line."""
    from github_metrics.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
