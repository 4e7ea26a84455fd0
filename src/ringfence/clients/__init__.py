"""What a client of the authorization server may be, whoever registers it: its operator, or itself."""
