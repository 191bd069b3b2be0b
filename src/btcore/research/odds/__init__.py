"""The odds that the best of many trials is luck: deflated Sharpe ratio, overfitting, tests of superiority."""
