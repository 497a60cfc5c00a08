"""What an operation costs: plans, buffers and time, each checked against its answer first and its budget after."""
