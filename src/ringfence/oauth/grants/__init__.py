"""Grant types of the token endpoint, one a file."""
