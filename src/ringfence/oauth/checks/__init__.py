"""Rules of the authorization server, one a file."""
