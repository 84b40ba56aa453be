/** style — how the page looks: light or dark as the reader's system is, and readable on a phone. */
import { COLOURS } from './looks.ts'

function colours(dark: boolean): string {
  return COLOURS.map(([light, night], i) => `--s${i}:${dark ? night : light};`).join('')
}

const classes = COLOURS.map((_, i) => `.s${i}{--c:var(--s${i})}`).join('\n')

export const STYLE = `
:root{color-scheme:light dark;--page:#f4f4f1;--card:#fff;--ink:#1b1f23;--dim:#5d656d;--grid:#e6e6e1;
--edge:#dcdcd6;--track:#f0f0ec;--good:#00704f;--bad:#b3261e;--open:#855b00;--late:#8a8f960f;
${colours(false)}}
@media (prefers-color-scheme:dark){:root{--page:#101315;--card:#181c1f;--ink:#e9ecef;--dim:#9ba5ae;
--grid:#2a3035;--edge:#2c3237;--track:#21262a;--good:#43d3a4;--bad:#ff8a80;--open:#f0bf55;--late:#c5ccd30f;
${colours(true)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1140px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:30px;line-height:1.15;letter-spacing:-.02em;margin:0 0 4px}
h2{font-size:21px;letter-spacing:-.01em;margin:0}
h3{font-size:15px;margin:18px 0 4px}
p{margin:6px 0}
.dim,figcaption span{color:var(--dim)}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;
padding:20px 24px;margin-top:18px}
dl{display:flex;flex-wrap:wrap;gap:10px 28px;margin:16px 0 0}
dt{font-size:12px;color:var(--dim)}
dd{margin:0}
nav{display:flex;flex-wrap:wrap;gap:6px;margin-top:18px}
nav a{padding:4px 11px;border:1px solid var(--edge);border-radius:99px;background:var(--card);color:inherit;
text-decoration:none;font-size:14px}
nav a:hover,nav a:focus{border-color:var(--s1);color:var(--s1)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:8px 0 4px;padding:0;font-size:14px}
.legend li{color:var(--c)}
.legend li::before{content:"";display:inline-block;width:10px;height:10px;border-radius:50%;
background:var(--c);margin-right:7px}
.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}
.verdicts{margin:8px 0 0;padding:0;list-style:none}
.verdicts li{padding:3px 0 3px 24px;text-indent:-24px;overflow-wrap:anywhere}
.verdicts li::before{content:attr(data-mark);display:inline-block;width:24px;text-indent:0;font-weight:700}
.verdicts .bad::before{color:var(--bad)}
details{margin-top:10px}summary{cursor:pointer;color:var(--dim)}
figure{margin:16px 0 0;min-width:0}
figcaption{margin-bottom:8px}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-size:12.5px;fill:var(--ink)}
svg .tick{fill:var(--dim);font-size:12px}
.mid{text-anchor:middle}.end{text-anchor:end}
.grid{stroke:var(--grid)}.one{stroke:var(--s0);stroke-width:1.5}
.line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}
.line.ours{stroke-width:3}
.faint{opacity:.4}
.lead{fill:none;stroke:var(--c);opacity:.6}
svg .name{fill:var(--c)}
svg .ours{font-weight:700}
svg .ratio{fill:var(--dim);font-weight:400}
.late{fill:var(--late)}
.cursor{visibility:hidden;stroke:var(--ink);stroke-dasharray:2 2;opacity:.7;pointer-events:none}
.track{fill:var(--track)}.bar{fill:var(--c);opacity:.85}
.whisker{stroke:var(--ink);stroke-width:1.3;fill:none;opacity:.75}
.range{stroke:var(--c);stroke-width:2;opacity:.5}
.dot{fill:var(--c);stroke:var(--card);stroke-width:1.5}
.latency{position:relative}
.narrow{display:none}
.readout{position:absolute;left:62px;top:48px;padding:8px 12px;border-radius:8px;border:1px solid var(--edge);
background:var(--card);font-size:13px;line-height:1.45;pointer-events:none;box-shadow:0 2px 10px #0002}
.readout[hidden]{display:none}
.readout div{display:flex;justify-content:space-between;gap:18px;color:var(--c)}
.three{display:grid;grid-template-columns:repeat(3,1fr);gap:10px 36px}
.two{display:grid;grid-template-columns:repeat(2,1fr);gap:10px 36px}
.scroll{overflow-x:auto;margin-top:20px}
table{border-collapse:collapse;width:100%;font-size:13px;white-space:nowrap}
th{color:var(--dim);font-weight:500;border-bottom:1px solid var(--edge)}
th,td{text-align:right;padding:5px 7px}
th:first-child,td:first-child{text-align:left;padding-left:0;position:sticky;left:0;background:var(--card)}
tbody tr+tr td{border-top:1px solid var(--grid)}
td:first-child{color:var(--c)}
tr.ours td{font-weight:700}
footer{margin-top:26px;max-width:76ch;color:var(--dim);font-size:14px}
${classes}
@media (max-width:820px){
main{padding:18px 12px 40px}.card{padding:16px 14px}
.three,.two{grid-template-columns:1fr}
.wide{display:none}.narrow{display:block;max-width:600px;margin:0 auto}
svg text,svg .tick{font-size:13px}
.readout{left:58px;top:40px;font-size:12px;padding:5px 9px}
}
@media print{.card{break-inside:avoid}}
`
