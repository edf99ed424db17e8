"""The pages for browsers: the dashboard, and where to sign in."""
