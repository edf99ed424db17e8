"""The processes of a running service, and who starts and stops them."""
