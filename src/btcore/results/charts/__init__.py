"""What charts of a result show: prices in steps, trades, stops and targets, indicators."""
