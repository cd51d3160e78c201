"""The parts of soak.py: inputs, program, faults, jobs, checks, server, report."""
