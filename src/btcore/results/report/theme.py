"""The style sheets of charts and reports, and the script of a report."""

# Colours follow the light or dark mode of the browser; the page uses the variables that the chart defines.
STYLE = """
.bt{--paper:#fff;--ink:#1b2430;--soft:#64707f;--line:#e4e8ee;--blue:#2563eb;--red:#d1343f;--teal:#0f8a7e;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media screen and (prefers-color-scheme:dark){.bt{--paper:#12161d;--ink:#e6eaf0;--soft:#93a0b0;--line:#272e39;
--blue:#6ea0ff;--red:#ff6b74;--teal:#45c4b5}}
.bt-paper{fill:var(--paper)}.bt-grid{stroke:var(--line);fill:none}
.bt-base{stroke:var(--soft);stroke-dasharray:4 4;opacity:.7}
.bt-other{stroke:var(--soft);fill:none;stroke-width:1.2;stroke-linejoin:round}
.bt-name{fill:var(--ink);font-size:13px;font-weight:600}.bt-tick{fill:var(--soft);font-size:11.5px}
.bt-title{fill:var(--ink);font-size:18px;font-weight:650}.bt-under{fill:var(--soft);font-size:12.5px}
.bt-curve{fill:none;stroke-width:1.6;stroke-linejoin:round}.bt-area{opacity:.13;stroke:none}
.bt-blue{stroke:var(--blue)}.bt-red{stroke:var(--red)}.bt-teal{stroke:var(--teal)}
.bt-area.bt-blue{fill:var(--blue)}.bt-area.bt-red{fill:var(--red)}.bt-area.bt-teal{fill:var(--teal)}
"""

PAGE_STYLE = """
:root{color-scheme:light dark}body{margin:0;background:var(--back)}
.bt{--back:#f5f7fa;--teal-text:#0b7268;--red-text:#c02a35;--heat-up:15 138 126;
--heat-down:209 52 63;
color:var(--ink);font-size:14px;line-height:1.45}
@media screen and (prefers-color-scheme:dark){.bt{--back:#0b0e13;--teal-text:#45c4b5;--red-text:#ff7f87;
--heat-up:32 132 121;--heat-down:190 62 70}}
*{box-sizing:border-box}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:23px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:16px;margin:34px 0 10px}h3{font-size:14px;margin:0 0 8px}h2 .soft,h3 .soft{font-weight:400;
font-size:13px}
.soft{color:var(--soft)}.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
font-size:12px}
.label::first-letter{text-transform:uppercase}
.cards{display:grid;grid-template-columns:repeat(6,1fr);gap:12px;margin:18px 0}
.card,.box{background:var(--paper);border:1px solid var(--line);border-radius:8px;min-width:0}
.card{padding:12px 14px}.card .soft{display:block}
.card b{display:block;font-size:16px;letter-spacing:-.2px;line-height:1.6;font-variant-numeric:tabular-nums;
overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:auto minmax(0,1fr);gap:5px 18px;margin:14px 0 0;padding:12px 14px}
.facts dt{font-weight:600;color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.flag{border:1px solid var(--soft);border-radius:4px;padding:0 6px}
.streams{width:auto;margin-top:4px}
.groups{columns:3 300px;column-gap:14px}.groups .box{break-inside:avoid;margin:0 0 14px}
.groups td.label{white-space:normal}.groups td:last-child{white-space:normal;overflow-wrap:anywhere}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px}
.box+.pair,.pair+.pair{margin-top:14px}.pair>:last-child:nth-child(odd){grid-column:1/-1}
.box{padding:10px 14px}.box.long{padding:0 14px 10px}
.scroll{overflow:auto;max-width:100%}.scroll.tall{max-height:430px}
.scroll:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{padding:4px 0 4px 14px;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}
tr:first-child>td,thead th{border-top:0}td:first-child,th:first-child{text-align:left;padding-left:0}
td.word,th.word{text-align:left}th{font-weight:600;color:var(--soft)}
.long thead th{position:sticky;top:0;background:var(--paper);box-shadow:0 1px var(--line);padding-top:10px}
.long table{font-size:13px}.long td,.long th{padding-left:11px}
.long td:first-child,.long th:first-child{padding-left:0}
.heat td{padding:6px 5px 6px 8px}.heat td:first-child{padding-left:0}.heat th{padding-right:5px}
.hot.up{background:rgb(var(--heat-up)/var(--heat))}.hot.down{background:rgb(var(--heat-down)/var(--heat))}
.total.up{color:var(--teal-text)}.total.down{color:var(--red-text)}.total{font-weight:600}
td.bars{width:45%;min-width:90px;padding:0 0 0 12px}.bar{display:block;width:100%;height:12px}
svg .up{fill:var(--teal)}svg .down{fill:var(--red)}.zero{stroke:var(--soft);
vector-effect:non-scaling-stroke}
.points .up{fill-opacity:.55}.points .down{fill:none;stroke:var(--red);stroke-width:1.3;stroke-opacity:.75}
.mark{stroke:var(--ink);stroke-dasharray:3 3;stroke-width:1.2}
svg.small{display:block;width:100%}svg.small .bt-tick{font-size:11px}
svg.small text[data-of]{fill:var(--ink);
stroke:var(--paper);stroke-width:3px;paint-order:stroke}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}summary{cursor:pointer}
.chart{border:1px solid var(--line);border-radius:8px;background:var(--paper)}
.chart svg{display:block;width:100%;min-width:760px}
.hover{position:relative;min-width:100%;width:max-content;max-width:none}.box .hover{width:100%}
.tip,.rule{position:absolute;display:none;pointer-events:none}
.tip{top:8px;background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:4px 9px;
font-size:12px;white-space:pre;font-variant-numeric:tabular-nums}
.rule{top:0;bottom:0;width:1px;background:var(--soft)}.printed{display:none}
@media screen and (max-width:760px){main{padding:18px 12px 40px}
.cards{grid-template-columns:repeat(2,minmax(0,1fr))}
.pair{grid-template-columns:minmax(0,1fr)}.facts{grid-template-columns:minmax(0,1fr)}
.facts dd{margin-bottom:6px}
.box{padding-left:10px;padding-right:10px}}
@page{size:A4;margin:12mm 10mm}
@media print{
html.bt,html.bt .bt{--paper:#fff;--ink:#1b2430;--soft:#64707f;--line:#e4e8ee;--blue:#2563eb;--red:#d1343f;
--teal:#0f8a7e;--back:#fff;--teal-text:#0b7268;--red-text:#c02a35;--heat-up:15 138 126;
--heat-down:209 52 63;
color-scheme:light;print-color-adjust:exact;-webkit-print-color-adjust:exact}
html.bt{font-size:11px}main{max-width:none;padding:0}h2{break-after:avoid;margin:18px 0 8px}
.box,.card,.chart,.cards{break-inside:avoid}.box.long,details.box{break-inside:auto}
thead{display:table-header-group}
.scroll,.scroll.tall{overflow:visible;max-height:none}.chart svg{min-width:0}.hover{width:100%}
.groups{columns:2}.cards{grid-template-columns:repeat(3,1fr)}.card b{font-size:13px}
.pair table{font-size:9.5px}.pair td,.pair th{padding-left:6px}
td.bars{width:30%;min-width:30px}.long table{font-size:7.4px}.long td,.long th{padding:2px 0 2px 5px}
.heat table,.heat{font-size:10px}.heat td{padding:4px 3px}
.long th{white-space:normal}.long tbody tr:nth-child(n+41){display:none}
.long:has(tbody tr:nth-child(41)) .printed{display:block}.long thead th{position:static}
.tip,.rule{display:none!important}tr{break-inside:avoid}}
"""

# The tooltip shows the drawn point nearest to the pointer, found by binary search; printing opens details.
SCRIPT = """
const money = new Intl.NumberFormat("en", {maximumFractionDigits: 4});
for (const chart of document.querySelectorAll(".hover")) {
  const points = JSON.parse(chart.querySelector(".points[type]").textContent);
  const tip = chart.querySelector(".tip"), rule = chart.querySelector(".rule");
  const hide = () => { tip.style.display = rule.style.display = "none"; };
  const show = event => {
    const box = chart.getBoundingClientRect(), x = (event.clientX - box.left) / box.width;
    let at = 0, last = points.x.length - 1;
    while (at < last) {
      const middle = (at + last) >> 1;
      if (points.x[middle] < x) at = middle + 1; else last = middle;
    }
    if (at && x - points.x[at - 1] < points.x[at] - x) at--;
    tip.textContent = [points.t[at].replace("T", " ").replace("Z", " UTC"), ...points.v.map(
      ([name, unit, values]) =>
        `${name} ${values[at] === null ? "n/a" : money.format(values[at])} ${unit}`.trim())].join("\\n");
    tip.style.display = rule.style.display = "block";
    const place = points.x[at] * box.width, wide = tip.offsetWidth;
    rule.style.left = place + "px";
    tip.style.left = (place + wide + 16 < box.width ? place + 10 : Math.max(place - wide - 10, 0)) + "px";
  };
  chart.addEventListener("pointermove", show);
  chart.addEventListener("pointerdown", show);
  chart.addEventListener("pointerleave", hide);
}
addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});
"""
