"""What is kept: records, fast state, the event stream."""
