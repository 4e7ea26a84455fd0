"""Protection of single fields: envelopes, tokens, masks and blind indexes.  NIST SP 800-38D; RFC 5297; PCI DSS §3.4.1, §3.5.1."""
