"""What a caller presents, and how it is verified."""
