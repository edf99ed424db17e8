"""Start the service; the whole command line."""
