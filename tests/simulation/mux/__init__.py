"""Mux as the simulation has it: answers to requests, from the world, with faults."""
