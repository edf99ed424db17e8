"""Live streams: what is projected is told to whoever listens."""
