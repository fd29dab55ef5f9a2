"""The report's style sheet: light, dark and print."""

from analysis.charts.palette import bits_colour, ink_on
from analysis.quant.spec import MAX_BITS

_BASE = """
:root{color-scheme:light dark;--ink:#0b1320;--soft:#4d5868;--line:#d8dee8;--card:#f3f5f9;
--page:#fff;--link:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf3;--soft:#a9b4c4;--line:#303a49;
--card:#1a212c;--page:#10151d;--link:#82b1ff}}
*{box-sizing:border-box}
body{overflow-wrap:anywhere;margin:0 auto;padding:1.5rem 1rem 3rem;max-width:56rem;
background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.15rem;margin:2.2rem 0 .6rem;break-after:avoid}
p,ul{margin:.4rem 0}ul{padding-left:1.2rem}ul.bits{list-style:none;padding:0}
.soft,figcaption,caption{color:var(--soft);font-size:.87rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;
margin:1.2rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;
break-inside:avoid}
.card b{display:block;font-size:1.35rem;line-height:1.3;margin:.1rem 0}
.verdict{border-left:4px solid var(--link);background:var(--card);padding:.7rem 1rem;
border-radius:0 8px 8px 0;margin:1rem 0;break-inside:avoid}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.87rem}
caption{text-align:left;padding:0 0 .4rem}
th,td{padding:.22rem .55rem;border-bottom:1px solid var(--line);text-align:right;
white-space:nowrap}
th{overflow-wrap:normal;color:var(--soft);font-weight:600;vertical-align:bottom;white-space:normal}
th:first-child,td:first-child{text-align:left;white-space:normal;
min-width:8rem}
tr{break-inside:avoid}thead{display:table-header-group}
tr.ours td{font-weight:600}
figure{margin:0 0 .3rem;break-inside:avoid}
svg{display:block;width:100%;height:auto}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-anchor:middle;
fill:#000}
svg g{stroke-width:19px}svg g text{stroke:none;dominant-baseline:central}
svg text.w{fill:#fff}svg text.n{text-anchor:end;fill:var(--ink)}svg text.s{fill:var(--soft)}
svg text.e{text-anchor:start;fill:var(--soft)}
td[class^=q]{text-align:center;border-radius:5px}
li span{display:inline-block;min-width:1.7rem;padding:0 .35rem;border-radius:4px;
text-align:center}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;
white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem}
details summary{cursor:pointer;color:var(--link)}
@media screen and (max-width:40rem){figure{overflow-x:auto}svg{min-width:35rem}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--card:#f6f6f6;
--page:#fff;--link:#000}body{max-width:none;padding:0;font-size:10.5pt}
svg,td,li span{print-color-adjust:exact;-webkit-print-color-adjust:exact}@page{margin:15mm}}
"""


def style_sheet() -> str:
    """The whole sheet; one class a bit-width, `q0` for float."""
    widths: list[tuple[str, int | None]] = [("q0", None)]
    widths += [(f"q{bits}", bits) for bits in range(1, MAX_BITS + 1)]
    rules = [
        f".{name}{{background:{bits_colour(bits)};color:{ink_on(bits_colour(bits))}}}"
        for name, bits in widths
    ]
    return _BASE.strip() + "\n" + "\n".join(rules)
