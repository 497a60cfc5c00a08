"""What the guarantees cost: the same moves with less and less behind them, in the same minutes."""
