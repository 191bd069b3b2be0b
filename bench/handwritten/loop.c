/* A hand-written loop over quotes: two EMAs of the mid; fully invested while the short one is above, else flat. */
#include <stdint.h>

typedef struct {
    double cash, quantity, commission;
    int64_t flips, points;
} Outcome;

/* Trades from row `ready` on. Writes to `curve` the equity at each multiple of `every` ns passed, and at the end. */
void ema_loop(const int64_t *timestamp, const double *bid, const double *ask, int64_t n, int64_t ready,
              double short_alpha, double long_alpha, double capital, double fee, int64_t every, double *curve,
              Outcome *out)
{
    double cash = capital, quantity = 0.0, commission = 0.0, cost, mid = 0.5 * (bid[0] + ask[0]);
    double fast = mid, slow = mid;
    int64_t i, flips = 0, points = 0, due = (timestamp[0] / every + 1) * every;
    int holds = 0;
    for (i = 0; i < n; i++) {
        if (timestamp[i] > due) { /* a grid point has passed: it gets the equity of the row before */
            curve[points++] = cash + quantity * mid;
            due = ((timestamp[i] - 1) / every + 1) * every;
        }
        mid = 0.5 * (bid[i] + ask[i]);
        fast += short_alpha * (mid - fast);
        slow += long_alpha * (mid - slow);
        if ((fast > slow) == holds || fast == slow || i < ready)
            continue;
        holds = !holds;
        flips++;
        if (holds) {
            quantity = cash / (ask[i] * (1.0 + fee));
            cost = quantity * ask[i] * fee;
            cash -= quantity * ask[i] + cost;
        } else {
            cost = quantity * bid[i] * fee;
            cash += quantity * bid[i] - cost;
            quantity = 0.0;
        }
        commission += cost;
    }
    curve[points++] = cash + quantity * mid;
    out->cash = cash;
    out->quantity = quantity;
    out->commission = commission;
    out->flips = flips;
    out->points = points;
}

/* A strategy that does nothing, so that what is counted beside it is the engine. */
int do_nothing(void *state, const void *market, const void *account, void *out)
{
    (void)state, (void)market, (void)account, (void)out;
    return 0;
}
