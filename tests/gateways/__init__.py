"""Real gateways between the importer and the sandbox, all on the loopback."""
