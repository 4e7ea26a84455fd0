"""The edge: Envoy, configured from the policy."""
