"""Screening of free text: what the schema leaves open, read for the marks of injection."""
