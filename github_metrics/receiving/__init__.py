"""From a request of GitHub to the log: checks, and durable batches."""
