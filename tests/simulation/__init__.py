"""Real delivery over a simulated clock, network, API and disk, all drawn from one seed (``docs/simulation.md``).

regime    what a seed draws: the model, as one value
world     the clock, the network, the API, colleagues, crashes
disk      the journal, whose process may die before a transaction is on disk, and after
imports   imports of one sheet into a world until one comes to its end, and what must be true then
__main__  as many seeds as one likes; one seed step by step
"""
