"""What must hold: the requirements that the suite proves, and the checker of recorded histories."""
