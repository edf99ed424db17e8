"""The service over the history of a simulated organisation."""
