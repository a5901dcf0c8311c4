/** Edits the filter of one column: a range, a list of values, or a text. */
import { formatCount, formatNumber } from "../../core/values/format";
import { h } from "../../draw/dom";
import { drawBars, makeBars } from "../../draw/rows_bars";
import { hear } from "../elements";
import type { Head } from "../rows/wire";
import { brushable, chosenRange } from "./brush";
import type { TableState } from "./state";
import type { Filter, Missing } from "./wire";

const PAUSE = 150; // milliseconds after a key until a typed filter is set
const LISTED = 200; // values listed at once

export interface Editor {
  elements: Node[];
  /** The counts have changed. */
  update(): void;
}

export function filterEditor(state: TableState, head: Head, signal: AbortSignal): Editor {
  if (head.kind === "number" || head.kind === "time") return rangeEditor(state, head, signal);
  if (head.kind === "text") return textEditor(state, head, signal);
  return valuesEditor(state, head);
}

function current<K extends Filter["kind"]>(state: TableState, head: Head, kind: K) {
  const filter = state.get("filters")[head.name];
  return filter?.kind === kind ? (filter as Extract<Filter, { kind: K }>) : null;
}

/** A control for rows without a value, shown if there are any. */
function missingChoice(state: TableState, head: Head, now: () => Missing, set: (missing: Missing) => void) {
  const select = h(
    "select",
    { "aria-label": "rows without a value", onchange: () => set(select.value as Missing) },
    h("option", { value: "out" }, "left out"),
    h("option", { value: "in" }, "kept"),
    h("option", { value: "only" }, "only these"),
  );
  const label = h("span");
  const line = h("label.nbl-line", {}, label, select);
  const update = () => {
    const n = missingOf(state, head);
    line.style.display = n || now() === "only" ? "" : "none";
    label.textContent = `missing (${formatCount(n)})`;
    select.value = now();
  };
  update();
  return { line, update };
}

function missingOf(state: TableState, head: Head): number {
  return state.bars.get(head.name)?.total.at(-1) ?? 0;
}

function rangeEditor(state: TableState, head: Head, signal: AbortSignal): Editor {
  const now = () =>
    current(state, head, "range") ?? { kind: "range" as const, lo: null, hi: null, missing: "in" as Missing };
  const set = (change: Partial<Extract<Filter, { kind: "range" }>>) => {
    const next = { ...now(), ...change };
    if (change.missing === undefined && current(state, head, "range") === null) next.missing = "out";
    const open = next.lo === null && next.hi === null;
    const empty = open && (next.missing === "in" || change.missing === undefined);
    state.setFilter(head.name, empty ? null : next);
  };
  const bars = makeBars(224, 64);
  const time = head.kind === "time";
  const field = (name: "lo" | "hi", label: string) => {
    const input = h("input", {
      type: time ? "datetime-local" : "number",
      step: time ? "1" : "any",
      "aria-label": `${head.name} ${label}`,
    });
    const read = () => {
      const value = time ? Date.parse(`${input.value}Z`) : Number.parseFloat(input.value);
      set({ [name]: Number.isFinite(value) ? value : null });
    };
    debounced(input, read, signal);
    return input;
  };
  const [lo, hi] = [field("lo", "from"), field("hi", "to")];
  const show = (input: HTMLInputElement, value: number | null, placeholder: number | null | undefined) => {
    const text = value === null ? "" : time ? new Date(value).toISOString().slice(0, 19) : String(value);
    if (input.ownerDocument.activeElement !== input || !input.dataset.typing) input.value = text;
    input.placeholder = typeof placeholder === "number" && !time ? formatNumber(placeholder, head.whole) : "";
  };
  const update = () => {
    const counts = state.bars.get(head.name);
    const { lo: from, hi: to } = now();
    show(lo, from, head.whole && counts?.lo != null ? Math.ceil(counts.lo) : counts?.lo);
    show(hi, to, head.whole && counts?.hi != null ? Math.floor(counts.hi) : counts?.hi);
    missing.update();
    if (counts) drawBars(bars, counts, [], chosenRange(counts, current(state, head, "range") ?? undefined));
  };
  brushable(bars, {
    counts: () => state.bars.get(head.name),
    whole: head.whole,
    chosen: (from, to) => set({ lo: from, hi: to }),
  });
  const inputs = h("div.nbl-range", { "data-kind": head.kind }, lo, h("span.nbl-muted", {}, "to"), hi);
  const missing = missingChoice(
    state,
    head,
    () => now().missing,
    (value) => set({ missing: value }),
  );
  update();
  return { elements: [h("div.nbl-big-bars", {}, bars), inputs, missing.line], update };
}

function valuesEditor(state: TableState, head: Head): Editor {
  const all = [...new Set(head.categories)];
  let wanted = "";
  const chosen = (): Set<string> => new Set(current(state, head, "values")?.values ?? all);
  const missing = (): Missing => current(state, head, "values")?.missing ?? "in";
  const set = (values: Set<string>, kept: Missing) => {
    // If no value is missing, the choice for missing values stays the default.
    const keep = missingOf(state, head) ? kept : "out";
    const every = values.size === all.length && (kept === "in" || !missingOf(state, head));
    const listed = all.filter((text) => values.has(text));
    state.setFilter(head.name, every ? null : { kind: "values", values: listed, missing: keep });
  };
  const list = h("div.nbl-values", { role: "group", "aria-label": `values of ${head.name}` });
  const option = (text: string | null, total: number, allowed: number, color: string, on: boolean) => {
    const box = h("input", { type: "checkbox", ...(on ? { checked: true } : {}) });
    const only = h("button.nbl-quiet.nbl-only", { tabindex: -1, title: "only this one" }, "only");
    const toggle = () => {
      const now = chosen();
      if (text === null) return set(now, box.checked ? "in" : "out");
      if (box.checked) now.add(text);
      else now.delete(text);
      set(now, missing());
    };
    hear(box, "change", toggle);
    hear(only, "click", (event) => {
      event.preventDefault();
      set(new Set(text === null ? [] : [text]), text === null ? "in" : "out");
    });
    const count = allowed === total ? formatCount(total) : `${formatCount(allowed)} / ${formatCount(total)}`;
    return h(
      "label.nbl-value",
      { "data-text": text ?? "" },
      box,
      h("i.nbl-swatch", { style: { background: color || "transparent" } }),
      h(
        "span.nbl-value-text",
        { class: text === null ? "nbl-muted" : false, title: text ?? "" },
        text ?? "missing",
      ),
      only,
      h("span.nbl-count", {}, count),
    );
  };
  const update = () => {
    const focused = list.querySelector<HTMLElement>("label:focus-within")?.dataset.text;
    const counts = state.bars.get(head.name);
    const at = (bins: readonly number[] | null | undefined, i: number) => bins?.[i] ?? 0;
    const now = chosen();
    const keep = missing();
    const found = head.categories
      .map((text, i) => ({ text, i }))
      .filter(({ text }) => text.toLowerCase().includes(wanted.toLowerCase()));
    const rows = found.slice(0, LISTED).map(({ text, i }) => {
      const total = at(counts?.total, i);
      const on = keep !== "only" && now.has(text);
      return option(text, total, counts?.allowed ? at(counts.allowed, i) : total, head.colors[i], on);
    });
    const last = head.categories.length;
    const total = at(counts?.total, last);
    if (total && !wanted)
      rows.push(option(null, total, counts?.allowed ? at(counts.allowed, last) : total, "", keep !== "out"));
    if (found.length > LISTED)
      rows.push(h("label.nbl-muted", {}, `and ${found.length - LISTED} more: search`));
    list.replaceChildren(...(rows.length ? rows : [h("span.nbl-muted", {}, "no value has this")]));
    if (focused !== undefined)
      [...list.querySelectorAll<HTMLElement>("label")]
        .find((label) => label.dataset.text === focused)
        ?.querySelector("input")
        ?.focus({ preventScroll: true });
  };
  const search = h("input", { type: "search", placeholder: "find a value", "aria-label": "find a value" });
  hear(search, "input", () => {
    wanted = search.value;
    update();
  });
  const button = (label: string, act: () => void) => h("button.nbl-quiet", { onclick: act }, label);
  const buttons = h(
    "div.nbl-line",
    {},
    button("all", () => set(new Set(all), "in")),
    button("none", () => set(new Set(), "out")),
    button("invert", () => {
      const now = chosen();
      set(new Set(all.filter((text) => !now.has(text))), missing() === "in" ? "out" : "in");
    }),
  );
  update();
  return { elements: [...(all.length > 8 ? [search] : []), list, buttons], update };
}

function textEditor(state: TableState, head: Head, signal: AbortSignal): Editor {
  const nothing = { kind: "text" as const, text: "", regex: false, case: false, missing: "in" as Missing };
  const now = () => current(state, head, "text") ?? nothing;
  const how = { regex: now().regex, case: now().case };
  const set = (change: Partial<Extract<Filter, { kind: "text" }>>) => {
    const next = { ...now(), ...how, ...change };
    // A filter by text leaves out rows without a text unless they are asked for.
    if (change.text && !now().text && now().missing === "in") next.missing = "out";
    if (change.text === "" && next.missing === "out") next.missing = "in";
    const empty = next.text === "" && next.missing === "in";
    state.setFilter(head.name, empty ? null : next);
  };
  const input = h("input", {
    type: "search",
    placeholder: "contains …",
    "aria-label": `${head.name} contains`,
  });
  input.value = now().text;
  debounced(input, () => set({ text: input.value }), signal);
  const toggle = (name: "regex" | "case", label: string, title: string) => {
    const button = h("button", { title, "aria-pressed": String(how[name]) }, label);
    hear(button, "click", () => {
      how[name] = !how[name];
      button.setAttribute("aria-pressed", String(how[name]));
      set({ text: input.value });
    });
    return button;
  };
  const missing = missingChoice(
    state,
    head,
    () => now().missing,
    (value) => set({ missing: value }),
  );
  const line = h(
    "div.nbl-line",
    {},
    toggle("case", "Aa", "match case"),
    toggle("regex", ".*", "regular expression"),
  );
  return { elements: [input, line, missing.line], update: missing.update };
}

/** Act when typing pauses, and at once on Enter. */
function debounced(input: HTMLInputElement, act: () => void, signal: AbortSignal): void {
  let timer = 0;
  const now = () => {
    window.clearTimeout(timer);
    delete input.dataset.typing;
    act();
  };
  hear(signal, "abort", () => window.clearTimeout(timer), { once: true });
  hear(input, "input", () => {
    input.dataset.typing = "yes";
    window.clearTimeout(timer);
    timer = window.setTimeout(act, PAUSE);
  });
  hear(input, "change", now);
  hear(input, "keydown", (event) => {
    if (event.key === "Enter") now();
  });
}
