"""Who may read, and from where."""
