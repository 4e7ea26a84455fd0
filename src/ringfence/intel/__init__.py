"""Threat intelligence: what others say about networks and user agents, read, bounded, joined and looked up."""
