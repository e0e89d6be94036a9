"""A simulation of the tap: a world, a server and a clock of its own, all from one seed."""
