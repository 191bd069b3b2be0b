// What of the data is in view: at most CANDLES buckets of prices, and the extremes of INTERVALS of a line.
// view.js follows in the same function, whose arguments are contents (the data, as packing.py packs them), parts
// (ranges and sources by name) and roles (what is coloured: model, property, role).

const CANDLES = 1000, SINGLE = 8000, INTERVALS = 1000;
const x = parts.x;
const count = new Intl.NumberFormat("en");

function unpack(packed) {
  const n = packed.time.length, [time, length] = [packed.time, packed.length];
  const origin = packed.origin, unit = packed.unit, decimals = packed.decimals;
  const rows = {n, volume: packed.volume};
  for (const name of ["start", "end", "open", "high", "low", "close"]) rows[name] = new Float64Array(n);
  const [o, h, l, c] = ["open", "high", "low", "close"].map(name => packed[name]);
  const scale = Number("1e" + decimals);
  let at = 0, close = 0;
  for (let i = 0; i < n; i++) {
    at += time[i];
    rows.start[i] = origin + at * unit;
    rows.end[i] = rows.start[i] + length[i] * unit;
    if (decimals < 0) {
      [rows.open[i], rows.high[i], rows.low[i], rows.close[i]] = [o[i], h[i], l[i], c[i]];
      continue;
    }
    const open = close + o[i];
    close = open + c[i];
    rows.open[i] = open / scale;
    rows.close[i] = close / scale;
    rows.high[i] = (Math.max(open, close) + h[i]) / scale;
    rows.low[i] = (Math.min(open, close) - l[i]) / scale;
  }
  return rows;
}

function firstAtOrAfter(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

const markets = new Map();
function market(symbol) {  // decoded when it is first shown
  if (!markets.has(symbol)) {
    const table = contents.markets[symbol];
    const rows = table.prices ? unpack(table.prices) : null, near = table.near ? unpack(table.near) : null;
    if (near) {  // ranges of buckets that single rows replace
      near.first = Array.from(table.near.first, row => row / table.step);
      near.last = Array.from(table.near.last, row => Math.ceil(row / table.step));
      near.from = [];
      let from = 0;
      near.first.forEach((_, i) => {
        near.from.push(from);
        from += table.near.last[i] - table.near.first[i];
      });
      near.from.push(from);
      near.width = table.length || Infinity;
    }
    if (rows) rows.width = table.step * table.length || Infinity;
    const lines = new Map(table.lines.map(line => [line.name, line]));
    markets.set(symbol, {...table, rows, near, lines, count: table.rows});
  }
  return markets.get(symbol);
}

let chosen = contents.first;

// The buckets of rows from `from` to `to` in groups of `k`, added to `out`. A candle is drawn to `right`: pauses between
// the bars of a bucket, such as nights, do not widen it.
function addGroups(rows, from, to, k, out) {
  for (let first = from; first < to; first += k) {
    const last = Math.min(first + k, rows.n) - 1;
    let high = rows.high[first], low = rows.low[first], volume = rows.volume ? rows.volume[first] : 0;
    for (let i = first + 1; i <= last; i++) {
      if (rows.high[i] > high) high = rows.high[i];
      if (rows.low[i] < low) low = rows.low[i];
      if (rows.volume) volume += rows.volume[i];
    }
    const start = rows.start[first], end = rows.end[last];
    out.push({start, end, right: Math.min(end, start + (last + 1 - first) * rows.width), open: rows.open[first], high, low,
      close: rows.close[last], volume});
  }
}

// The candles and the single ticks in view, and the sentence about them.
function visiblePrices(shown) {
  const found = {candles: [], ticks: {x: [], y: []}, text: ""};
  const rows = shown.rows;
  if (!rows || !rows.n) return found;
  const from = Math.max(firstAtOrAfter(rows.end, x.start) - 1, 0);
  const to = Math.min(firstAtOrAfter(rows.start, x.end) + 1, rows.n);
  let k = 1;
  while ((to - from) / k > CANDLES) k *= 2;
  const ticks = shown.unit !== "bar";
  const singles = (near, first, last) => {
    if (!ticks) return addGroups(near, first, last, 1, found.candles);
    for (let i = first; i < last; i++) {
      found.ticks.x.push(near.start[i]);
      found.ticks.y.push(near.close[i]);
    }
    found.ticks.x.push(near.end[last - 1]);
    found.ticks.y.push(NaN);
  };
  const parts = k === 1 && shown.near ? overlapping(shown.near, from, to) : [];
  const inView = i => Math.min(to, shown.near.last[i]) - Math.max(from, shown.near.first[i]);
  const single = parts.reduce((sum, i) => sum + inView(i) * shown.step, 0);
  let apart = false, coarse = true;
  if (k === 1 && shown.step === 1) singles(rows, from, to);
  else if (parts.length && single <= (ticks ? SINGLE : 2 * CANDLES)) {
    let at = from;
    coarse = false;
    for (const i of parts) {
      if (shown.near.first[i] > at) {
        addGroups(rows, at, shown.near.first[i], 1, found.candles);
        coarse = true;
      }
      const first = Math.max(at, shown.near.first[i]), last = Math.min(to, shown.near.last[i]);
      const begin = shown.near.from[i] + (first - shown.near.first[i]) * shown.step;
      singles(shown.near, begin, Math.min(begin + (last - first) * shown.step, shown.near.from[i + 1]));
      at = last;
    }
    if (at < to) {
      addGroups(rows, at, to, 1, found.candles);
      coarse = true;
    }
    apart = true;
  } else addGroups(rows, Math.floor(from / k) * k, to, k, found.candles);
  const step = shown.step * k, unit = shown.unit, each = `each candle is ${count.format(step)} ${unit}s`;
  if (step === 1 || (apart && !coarse)) found.text = `every ${unit}`;
  else found.text = apart ? `${each}, near fills every ${unit}` : each;
  found.visible = [from, to];
  return found;
}

function overlapping(near, from, to) {
  const found = [];
  for (let i = firstAtOrAfter(near.last, from + 1); i < near.first.length && near.first[i] < to; i++) found.push(i);
  return found;
}

// The points of a line in view and one beyond each side, thinned to the extremes of equal numbers of points.
function visiblePoints(line) {
  const time = line.time, value = line.value;
  const from = Math.max(firstAtOrAfter(time, x.start) - 1, 0);
  const to = Math.min(firstAtOrAfter(time, x.end) + 1, time.length);
  const k = Math.ceil((to - from) / INTERVALS);
  const found = {x: [], y: []};
  const push = i => { found.x.push(time[i]); found.y.push(value[i]); };
  if (k <= 2) for (let i = from; i < to; i++) push(i);
  else {
    push(from);
    for (let first = from; first < to; first += k) {
      let low = first, high = first;
      for (let i = first + 1; i < Math.min(first + k, to); i++) {
        if (!(value[i] >= value[low])) low = i;
        if (!(value[i] <= value[high])) high = i;
      }
      push(Math.min(low, high));
      if (low !== high) push(Math.max(low, high));
    }
    push(to - 1);
  }
  return found;
}

function held(found) {  // the last value holds to the end of the run
  if (found.x.length) {
    found.x.push(Math.max(contents.end, found.x[found.x.length - 1]));
    found.y.push(found.y[found.y.length - 1]);
  }
  return found;
}
