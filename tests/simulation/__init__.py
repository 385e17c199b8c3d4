"""Real delivery over a simulated clock, network, API and disk, all drawn from one seed (``docs/simulation.md``)."""
