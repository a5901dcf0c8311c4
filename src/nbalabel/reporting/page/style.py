"""The style of a report, for all that lies in an element of class ``nbr``."""

from __future__ import annotations

from string import Template

from ...core.show.palette import COLORS

_SHEET = Template("""
.nbr { max-width: 1096px; margin: 0 auto; padding: 4px 8px; line-height: 1.5; font-size: 14px;
  text-align: left;
  color: var(--jp-ui-font-color1, var(--vscode-foreground, inherit));
  font-family: var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI", sans-serif) }
.nbr * { box-sizing: border-box }
.nbr h2, .nbr h3, .nbr h4, .nbr p, .nbr ul { margin: 0; padding: 0; color: inherit }
.nbr h2.nbr-title { font-size: 30px; font-weight: 700; line-height: 1.2; letter-spacing: -.01em;
  overflow-wrap: anywhere }
.nbr h3 { font-size: 19px; font-weight: 650; line-height: 1.3; letter-spacing: -.005em }
.nbr h4 { font-size: 13px; font-weight: 600; line-height: 1.4; margin-bottom: 6px }
.nbr-soft { opacity: .68 }
.nbr-small { opacity: .68; font-size: 12px; line-height: 1.35 }
.nbr-over { font-size: 12px; letter-spacing: .08em; text-transform: uppercase; opacity: .68;
  margin-bottom: 4px }
.nbr-sub { margin-top: 4px; overflow-wrap: anywhere }
.nbr section { border-top: 1px solid $rule; margin-top: 34px; padding-top: 18px }
.nbr .nbr-lede { opacity: .72; max-width: 74ch; margin: 2px 0 16px }
.nbr .nbr-note { font-size: 12px; opacity: .72; margin-top: 10px; max-width: 90ch }
.nbr-tiles { display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(136px, 1fr));
  margin: 20px 0 14px }
.nbr-tile { background: $paper; border: 1px solid $tint; border-radius: 10px; padding: 11px 12px }
.nbr-tile .nbr-name { font-size: 12px; opacity: .72 }
.nbr-tile .nbr-value { font-size: 25px; font-weight: 650; line-height: 1.25;
  font-variant-numeric: tabular-nums;
  white-space: nowrap }
.nbr-tile .nbr-value small { font-size: 13px; font-weight: 500; opacity: .72 }
.nbr-tile .nbr-more { font-size: 12px; opacity: .72 }
.nbr-track { height: 5px; border-radius: 3px; background: $tint; overflow: hidden; margin: 6px 0 4px }
.nbr-track i { display: block; height: 100%; background: $green }
.nbr-sources { display: flex; gap: 2px; height: 10px; border-radius: 5px; overflow: hidden;
  margin-bottom: 4px }
.nbr-sources i { min-width: 2px }
.nbr-row { display: grid; gap: 22px 28px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr));
  align-items: start }
.nbr figure { margin: 0; min-width: 0 }
.nbr svg { display: block; max-width: 100%; height: auto }
.nbr-row > figure > svg, .nbr-card > svg { width: 100% }
.nbr-row > figure > svg { max-width: 560px }
.nbr-wide { overflow-x: auto }
.nbr-wide svg { max-width: none }
.nbr-keys { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12px; margin-top: 6px }
.nbr-keys i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 5px }
.nbr-table { overflow-x: auto; margin-top: 14px }
.nbr table { border-collapse: collapse; width: 100%; font-size: 13px; border: 0; margin: 0;
  font-variant-numeric: tabular-nums; table-layout: auto; color: inherit }
.nbr.nbr table tr { background: none }
.nbr.nbr table th, .nbr.nbr table td { padding: 5px 8px; border: 0; border-bottom: 1px solid $tint;
  text-align: right;
  vertical-align: top; white-space: nowrap; background: none; max-width: none }
.nbr.nbr table th { font-weight: 500; font-size: 12px; opacity: .72 }
.nbr.nbr table .nbr-text { text-align: left }
.nbr.nbr table .nbr-long { white-space: normal; overflow-wrap: break-word; min-width: 20ch }
.nbr.nbr table th:first-child, .nbr.nbr table td:first-child { padding-left: 0 }
.nbr.nbr table th:last-child, .nbr.nbr table td:last-child { padding-right: 0 }
.nbr.nbr table tr.nbr-all td { font-weight: 600; border-bottom: 0 }
.nbr-strip { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)) }
.nbr-strip figure { background: $paper; border-radius: 6px; overflow: hidden }
.nbr img { display: block; width: 100%; height: auto; margin: 0; max-width: none }
.nbr-strip img { aspect-ratio: 4 / 3; object-fit: cover }
.nbr figcaption { font-size: 12px; padding: 5px 8px; line-height: 1.35; overflow-wrap: anywhere }
.nbr-cards { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)) }
.nbr-card { background: $paper; border: 1px solid $tint; border-radius: 10px; padding: 12px 14px }
.nbr-card h4 { display: flex; align-items: baseline; gap: 7px; overflow-wrap: anywhere }
.nbr-card h4 i { flex: none; width: 10px; height: 10px; border-radius: 3px }
.nbr-side { display: grid; grid-template-columns: 132px 1fr; gap: 14px; align-items: end }
.nbr-pairs { display: grid; gap: 10px; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)) }
.nbr-pairs figure { background: $paper; border: 1px solid $tint; border-radius: 8px; overflow: hidden }
.nbr-pairs .nbr-two { display: grid; grid-template-columns: 1fr 1fr; gap: 2px }
.nbr-pairs img { aspect-ratio: 1; object-fit: cover }
.nbr-empty { border: 1px dashed $rule; border-radius: 10px; padding: 14px 16px; max-width: 74ch;
  margin-top: 10px; line-height: 1.7 }
.nbr code { font: 12px/1.4 var(--jp-code-font-family, ui-monospace, SFMono-Regular, Menlo, monospace);
  background: $tint; border-radius: 4px; padding: 1px 5px; color: inherit; overflow-wrap: anywhere }
.nbr-mark { display: inline-block; font-size: 11px; font-weight: 600; border-radius: 9px; padding: 0 8px;
  line-height: 18px; border: 1px solid currentColor; white-space: nowrap }
.nbr-good { color: $green } .nbr-stale { color: $vermilion }
.nbr-proof { display: grid; gap: 10px }
.nbr-proof .nbr-card p { margin-top: 4px }
@media (max-width: 640px) {
  .nbr h2.nbr-title { font-size: 24px }
  .nbr-tile .nbr-value { font-size: 21px }
  .nbr-tiles { grid-template-columns: repeat(2, 1fr) }
}
@media print {
  .nbr { max-width: none; font-size: 11px }
  .nbr section { break-inside: auto; margin-top: 20px }
  .nbr-row { grid-template-columns: 1fr 1fr; gap: 14px 18px }
  .nbr-tiles { grid-template-columns: repeat(3, 1fr) }
  .nbr-pairs, .nbr-strip { grid-template-columns: repeat(4, 1fr) }
  .nbr-cards { grid-template-columns: 1fr 1fr }
  .nbr table { font-size: 9px }
  .nbr.nbr table th { font-size: 9px; white-space: normal }
  .nbr.nbr table th, .nbr.nbr table td { padding: 3px 4px }
  .nbr.nbr table .nbr-long { min-width: 0 }
  .nbr-table { overflow: visible }
  .nbr-card, .nbr-tile, .nbr figure, .nbr tr { break-inside: avoid }
  .nbr h3 { break-after: avoid }
}
""")

STYLE = _SHEET.substitute(vars(COLORS))
"""The sheet, which may stand in a notebook: it names nothing outside of ``nbr``."""

DOCUMENT = """
:root { color-scheme: light dark }
body { margin: 0; padding: 36px 24px 60px; background: Canvas; color: CanvasText;
  color: color-mix(in srgb, CanvasText 88%, Canvas) }
@media (max-width: 640px) { body { padding: 22px 16px 40px } }
@media print { :root { color-scheme: light } body { padding: 0; color: CanvasText } }
"""
"""What a file adds: the page and its margins. Its colors are those of the reader's browser, light or dark."""
