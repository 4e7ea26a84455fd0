"""Signing keys and who holds them."""
