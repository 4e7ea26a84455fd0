"""Threat intelligence at work: fetched on schedule, joined, handed to every process."""
