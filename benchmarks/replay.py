"""The figures of a replay, side by side in one run: its rate beside the floor, its memory, its swap, its readers.

    uv run python -m benchmarks.replay [--events N] [--rounds N] [--large] [--quick]

docs/benchmarks.md says what each figure means. Worker processes import this module again, so it imports nothing else:
the start of a worker is measured, not that of the benchmark.
"""

if __name__ == "__main__":
    from benchmarks.replaying import main

    main()
