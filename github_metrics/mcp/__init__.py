"""The endpoints that read as tools of the Model Context Protocol."""
