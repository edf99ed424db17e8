"""What is asked of the read models: the numbers, worked out when they are read."""
