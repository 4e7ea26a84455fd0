"""Detection: rules over the stream of events, and the alerts that they raise."""
