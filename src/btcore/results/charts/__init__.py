"""What charts of a result show: prices in steps, fills, levels of orders, indicators, curves."""
