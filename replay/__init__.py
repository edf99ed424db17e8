"""The log and its playback: knows no GitHub, no HTTP, no particular projection."""
