"""The file that says who is in which team."""
