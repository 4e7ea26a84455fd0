"""Attacks on a running installation, from outside: one attack a file, each saying how it must be refused."""
