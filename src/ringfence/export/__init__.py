"""Events in the words of a SIEM: what may leave, and how OCSF, ECS and CEF say it."""
