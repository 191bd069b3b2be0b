"""What charts of a result show of its market and its orders: prices in steps, trades, stops and targets, indicators."""
