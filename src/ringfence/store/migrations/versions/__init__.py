"""One step per module, named `r<number>_<what>`."""
