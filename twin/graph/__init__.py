"""The graph: entities and relations as values, the mirror that holds them, questions to it, and what may be changed."""
