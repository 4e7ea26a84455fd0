"""The gates of `make check`, and what sets up the environment and the lock files."""
