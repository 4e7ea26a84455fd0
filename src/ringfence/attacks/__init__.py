"""Attacks on a running system from outside, one a file."""
