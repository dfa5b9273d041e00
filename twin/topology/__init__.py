"""Topologies: from a template and its parameters to what should exist, and the plan that brings it about."""
