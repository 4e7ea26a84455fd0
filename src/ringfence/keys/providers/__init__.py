"""Where key material lives, one provider a file."""
