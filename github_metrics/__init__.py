"""The service: everything that speaks to the outside world."""
