"""Composition: one file per process."""
