"""Steps on arrays, and those that own graphs, as instructions."""
