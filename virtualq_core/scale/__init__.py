"""Scale: how costs grow with the number of tickets, and what a machine holds of them."""
