// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { SelectionStore } from "../../src/core/rows/selection";
import { createFrame } from "../../src/views/frame";
import { inShape, ofCategories, ofRange, shaped } from "../../src/views/scatter/clauses";
import type { Axis, ColorColumn } from "../../src/views/scatter/data";
import { Scatter } from "../../src/views/scatter/scatter";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";

const N = 40;

const pen = new Proxy({} as Record<string, unknown>, {
  get: (target, name: string) =>
    name === "measureText"
      ? () => ({ width: 10 })
      : name === "canvas"
        ? document.body
        : (target[name] ?? (() => {})),
  set: (target, name: string, value) => Reflect.set(target, name, value),
});

beforeEach(() => {
  document.body.replaceChildren();
  HTMLCanvasElement.prototype.getContext = (() => pen) as never;
  HTMLElement.prototype.setPointerCapture = () => {};
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  globalThis.ImageData = class {
    data: Uint8ClampedArray;
    constructor(
      public width: number,
      public height: number,
    ) {
      this.data = new Uint8ClampedArray(4 * width * height);
    }
  } as never;
  window.matchMedia = (() => ({ matches: true, addEventListener: () => {} })) as never;
  Object.defineProperty(HTMLElement.prototype, "clientWidth", { get: () => 640, configurable: true });
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { get: () => 400, configurable: true });
});

class FakeModel {
  listeners = new Map<string, Set<() => void>>();
  traits: Record<string, unknown> = {
    of: "images",
    source: "scatter-1",
    x: "u",
    y: "v",
    color: "habitat",
    mode: "lasso",
    density: false,
    size: null,
    opacity: null,
    height: 400,
  };
  get = (name: string) => this.traits[name];
  set = (name: string, value: unknown) => {
    this.traits[name] = value;
    for (const callback of [...(this.listeners.get(`change:${name}`) ?? [])]) callback();
  };
  save_changes = () => {};
  on = (name: string, callback: () => void) => {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(callback));
  };
  off = (name: string, callback: () => void) => this.listeners.get(name)?.delete(callback);
  get listening(): number {
    return [...this.listeners.values()].reduce((n, set) => n + set.size, 0);
  }
}

interface Kernel {
  x: Float32Array;
  y: Float32Array;
  categories: string[];
  rev: number;
  /** State of the embedding along the axes; they are columns without one. */
  laid: { method: string; ready: boolean } | null;
}

/** A scatter and a kernel that answers it. */
function open(kernel: Partial<Kernel> = {}) {
  const n = kernel.x?.length ?? N;
  const now: Kernel = {
    x: Float32Array.from({ length: n }, (_, i) => i),
    y: Float32Array.from({ length: n }, (_, i) => i % 7),
    categories: ["reef", "<script>alert(1)</script>", "Größe 🐟"],
    rev: 0,
    laid: null,
    ...kernel,
  };
  const channel = new FakeChannel();
  const send = channel.send.bind(channel);
  const answers: Record<string, (params: Record<string, string>) => [object, ArrayBufferView[]]> = {
    describe: () => [
      {
        n,
        ids: "image_id",
        first_id: 0,
        columns: [{ name: "habitat", kind: "category" }],
        layout: { method: "pca", ready: false }, // u and v can be shown; nothing is computed yet
      },
      [],
    ],
    axis: ({ name }) => [
      now.laid
        ? { n, start: 0, dtype: "float32", name, kind: "layout", ...now.laid }
        : { n, start: 0, dtype: "float32", name, kind: "number", code: `rows["${name}"]`, single: true },
      [name === "u" ? now.x : now.y],
    ],
    colors: ({ name }) => [
      {
        n,
        start: 0,
        dtype: "uint8",
        name,
        kind: "category",
        categories: now.categories,
        colors: now.categories.map(() => "#112233"),
        code: 'rows["habitat"]',
        missing_code: 'rows["habitat"].isna()',
      },
      [Uint8Array.from({ length: n }, (_, i) => i % 4)],
    ],
    detail: ({ row }) => [{ row, fields: [["file", "<b>a.png"]], problem: "" }, [new Uint8Array(0)]],
  };
  channel.send = (content, callbacks, buffers) => {
    send(content, callbacks, buffers);
    const { kind, client, id, key, method, params } = content as Record<string, never>;
    if (kind !== "request") return;
    queueMicrotask(() => {
      const [result, out] = answers[method](params);
      channel.arrive({ kind: "result", client, id, key, result: { rev: now.rev, ...result } }, out);
    });
  };
  const model = new FakeModel();
  const store = new SelectionStore();
  const reset = (rev: number) =>
    store.reset(
      rev,
      {
        images: { n, imageRow: null },
        instances: { n: 0, imageRow: new Int32Array(0) },
        predictions: { n: 0, imageRow: new Int32Array(0) },
      },
      [],
      null,
    );
  reset(0);
  const closing = new AbortController();
  const rpc = new Rpc(channel, closing.signal);
  const frame = createFrame(document.body, rpc, closing.signal, "Scatter");
  new Scatter(frame, model, rpc, store, closing.signal);
  const plot = document.querySelector<HTMLElement>(".nbl-scatter-plot")!;
  const pointer = (type: string, x: number, y: number, keys: object = {}) =>
    plot.dispatchEvent(
      new MouseEvent(type, { clientX: x, clientY: y, screenX: x, screenY: y, bubbles: true, ...keys }),
    );
  const drag = (path: [number, number][], keys: object = {}) => {
    pointer("pointerdown", ...path[0], keys);
    for (const at of path.slice(1)) pointer("pointermove", ...at, keys);
    pointer("pointerup", ...path[path.length - 1], keys);
  };
  const press = (key: string) =>
    frame.root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const own = () => store.clauses.get("scatter-1");
  const requests = (method: string) => channel.sent.filter(({ message }) => message.method === method).length;
  return { now, channel, model, store, reset, closing, frame, plot, pointer, drag, press, own, requests };
}

const caption = () => document.querySelector(".nbl-scatter-caption")?.textContent ?? "";
const shown = (text: string) => vi.waitFor(() => expect(document.body.textContent).toContain(text));
const ALL: [number, number][] = [
  [0, 0],
  [640, 400],
];

test("it says how many points there are, and what cannot be shown", async () => {
  const x = Float32Array.from({ length: N }, (_, i) => (i < 12 ? NaN : i));
  open({ x });
  await shown("28 images");
  await shown("12 not shown: no coordinates");
});

test.each([
  [{ method: "pca", ready: true }, /· PCA$|^PCA$/],
  [{ method: "pca", ready: false }, /PCA · UMAP is being computed …/],
  [{ method: "umap", ready: true }, /UMAP$/],
])("the caption says what the axes show: %o", async (laid, text) => {
  open({ laid });
  await shown("40 images");
  await vi.waitFor(() => expect(caption()).toMatch(text));
});

test("axes that are columns say nothing of an embedding", async () => {
  open();
  await shown("40 images");
  expect(caption()).toBe("");
});

test.each([
  [0, NaN, "There are no images."],
  [5, NaN, "None of the 5 images has both u and v."],
  [1, 3, "1 image"],
  [9, 3, "9 images"],
])("%i rows of %d: a clear state", async (n, value, text) => {
  open({ x: new Float32Array(n).fill(value), y: new Float32Array(n).fill(value) });
  await shown(text);
});

test("categories are text, whatever is in them", async () => {
  open();
  await shown("<script>alert(1)</script>");
  await shown("Größe 🐟");
  expect(document.querySelector("script")).toBeNull();
});

test("a box around everything selects everything; Shift adds, Alt takes away, Escape clears", async () => {
  const { model, drag, own, press } = open();
  await shown("40 images");
  model.set("mode", "box");
  drag(ALL);
  expect(own()!.rows.count()).toBe(N);
  expect(own()!.title).toBe("box (40)");
  drag(
    [
      [0, 0],
      [320, 400],
    ],
    { altKey: true },
  );
  const half = own()!.rows.count();
  expect(half).toBeLessThan(30);
  expect(own()!.code).toContain(") & ~(");
  drag(ALL, { shiftKey: true });
  expect(own()!.rows.count()).toBe(N);
  press("Escape");
  expect(own()).toBeUndefined();
});

test("a lasso selects, a drawing given up leaves what was selected", async () => {
  const { drag, own, pointer, press } = open();
  await shown("40 images");
  drag([
    [0, 0],
    [640, 0],
    [640, 400],
    [0, 400],
  ]);
  expect(own()!.rows.count()).toBe(N);
  expect(own()!.code).toContain('nl.inside(rows[["u", "v"]], [[');
  pointer("pointerdown", 300, 200);
  pointer("pointermove", 320, 210);
  pointer("pointermove", 320, 260);
  press("Escape");
  expect(own()!.rows.count()).toBe(N);
});

test("a lasso around nothing clears", async () => {
  const { drag, own } = open();
  await shown("40 images");
  drag([
    [0, 0],
    [640, 0],
    [640, 400],
    [0, 400],
  ]);
  drag([
    [1, 1],
    [9, 1],
    [9, 9],
  ]);
  expect(own()).toBeUndefined();
});

test("the legend filters by a clause of its own, and counts what others allow", async () => {
  const { store } = open();
  await shown("Größe");
  const entry = (name: string) =>
    [...document.querySelectorAll<HTMLButtonElement>(".nbl-scatter-entry")].find((button) =>
      button.textContent!.startsWith(name),
    )!;
  entry("reef").click();
  const clause = store.clauses.get("scatter-1/filter")!;
  expect(clause.rows.has(1)).toBe(false);
  expect(clause.rows.count()).toBe(30);
  expect(clause.code).toContain('rows["habitat"].isin(["<script>alert(1)</script>", "Größe 🐟"])');
  expect(clause.code).toContain('| (rows["habitat"].isna())');
  await vi.waitFor(() => expect(entry("reef").getAttribute("aria-pressed")).toBe("false"));
  entry("reef").click();
  expect(store.clauses.size).toBe(0);
  store.set("table-1", { of: "images", rows: Bitset.of(N, [1, 2, 5]), title: "", code: "" });
  await vi.waitFor(() => expect(entry("reef").textContent).toBe("reef2 / 10"));
  entry("reef").dispatchEvent(new MouseEvent("click", { altKey: true, bubbles: true }));
  expect(store.clauses.get("scatter-1/filter")!.title).toBe("habitat: reef");
});

test("what others filter is told, and their own marks are not ours", async () => {
  const { store, model, drag } = open();
  await shown("40 images");
  store.set("table-1", { of: "images", rows: Bitset.of(N, [1, 2, 5]), title: "", code: "" });
  await shown("3 / 40 images");
  model.set("mode", "box");
  drag(ALL);
  await shown("3 / 40 images · 3 selected");
});

test("a click makes a point active, hovering points at it", async () => {
  const { store, pointer } = open({ x: Float32Array.of(5), y: Float32Array.of(5) });
  await shown("1 image");
  await vi.waitFor(() => expect(document.querySelector("[data-framed]")).not.toBeNull());
  const [x, y] = [58 + (640 - 66) / 2, 6 + (400 - 42) / 2];
  pointer("pointermove", x, y);
  expect(store.hover).toEqual({ of: "images", row: 0 });
  await shown("image_id 0");
  await shown("<b>a.png");
  pointer("pointerdown", x, y);
  pointer("pointerup", x, y);
  expect(store.active).toEqual({ of: "images", row: 0 });
  pointer("pointermove", 5, 5);
  expect(store.hover).toBeNull();
});

test("the wheel zooms once the plot was clicked, and lets a page scroll past", async () => {
  const { plot, pointer } = open();
  await shown("40 images");
  document.body.tabIndex = 0;
  const wheel = () => {
    const event = new WheelEvent("wheel", { deltaY: 50, cancelable: true, bubbles: true });
    plot.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(wheel()).toBe(false);
  pointer("pointermove", 100, 100);
  expect(wheel()).toBe(false);
  pointer("pointerdown", 100, 100);
  pointer("pointerup", 100, 100);
  expect(wheel()).toBe(true);
});

test("tables that changed are asked for again, once", async () => {
  const { now, reset, channel, requests } = open();
  await shown("40 images");
  now.rev = 1;
  channel.arrive({ kind: "event", name: "refresh", payload: { rev: 1 } });
  await new Promise((done) => setTimeout(done));
  const before = requests("axis");
  reset(1);
  await vi.waitFor(() => expect(requests("axis")).toBe(before + 2));
  await shown("40 images");
});

test("another color asks for colors only", async () => {
  const { model, requests } = open();
  await shown("Größe");
  const before = requests("axis");
  model.set("color", null);
  await vi.waitFor(() => expect(document.querySelector<HTMLElement>(".nbl-scatter-side")!.hidden).toBe(true));
  expect(requests("axis")).toBe(before);
});

test("closed, it listens to nothing any more", async () => {
  const { model, store, channel, closing } = open();
  await shown("Größe");
  expect(model.listening).toBeGreaterThan(0);
  closing.abort();
  expect([model.listening, store.listening, channel.listening]).toEqual([0, 0, 0]);
  expect(document.querySelector(".nbl")).toBeNull();
});

// Clauses

function axis(name: string, values: number[], single = false, code = `rows["${name}"]`): Axis {
  const kind = single ? Float32Array : Float64Array;
  return {
    name,
    kind: "number",
    categories: [],
    code,
    single,
    whole: false,
    values: kind.from(values),
  };
}

const same = (at: number) => at;

test("the limits of a box are compared as pandas compares them", () => {
  const exact = [axis("a", [0.1, 0.2]), axis("b", [0, 0])] as const;
  const short = [axis("a", [0.1, 0.2], true), axis("b", [0, 0])] as const;
  for (const axes of [exact, short]) {
    const found = inShape("box", [0.1, -1, 0.2, 1], axes, same, same, [1e-6, 1e-6])!;
    expect([...found.rows.rows()]).toEqual([0, 1]);
    expect(found.code).toBe('rows["a"].between(0.1, 0.2) & rows["b"].between(-1, 1)');
  }
});

test("points that no column holds have no code", () => {
  const axes = [axis("u", [1], true, ""), axis("v", [1], true, "")] as const;
  const square = [0, 0, 2, 0, 2, 2, 0, 2];
  const found = inShape("lasso", square, axes, same, same, [0.01, 0.01])!;
  expect([found.rows.count(), found.code]).toEqual([1, ""]);
  const before = shaped("images", "lasso", found, "set", undefined)!;
  const more = { rows: found.rows, code: 'rows["a"] > 1' };
  expect(shaped("images", "box", more, "add", { ...before, source: "s" })!.code).toBe("");
});

test("columns of images are named through them", () => {
  const axes = [axis("a", [1], false, 'rows["image_id"].map(ds.images["a"])'), axis("b", [1])] as const;
  const found = inShape("lasso", [0, 0, 2, 0, 2, 2], axes, same, same, [0.01, 0.01])!;
  expect(found.code).toMatch(
    /^nl\.inside\(rows\.assign\(x=rows\["image_id"\]\.map\(.*\)\[\["x", "y"\]\], \[\[/,
  );
});

function column(extra: Partial<ColorColumn>): ColorColumn {
  return {
    name: "c",
    kind: "category",
    categories: ["a", 'say "b"'],
    colors: ["#000000", "#ffffff"],
    code: "rows.c",
    missing_code: "rows.c.isna()",
    single: false,
    whole: false,
    values: Uint8Array.of(0, 1, 2, 1),
    ...extra,
  };
}

test.each([
  [[1], [1, 3], '(rows.c.isin(["a"]))', "c: a"],
  [[0, 2], [0, 2], '(rows.c.isin(["say \\"b\\""])) | (rows.c.isna())', 'c: say "b", missing'],
  [[0], [0], "(rows.c.isna())", "c: missing"],
  [[], [], "(rows.c.isin([]))", "c: none"],
])("categories %j are rows %j", (places, rows, code, title) => {
  const made = ofCategories("images", column({}), new Set(places), new Bitset(4));
  expect([[...made.rows.rows()], made.code, made.title]).toEqual([rows, code, title]);
});

test("a category is written in one line that shows all of it, whatever it holds", () => {
  const categories = ["a\nb", "\u2028\u202e\u00a0\ud800 é𝒳", "\u{e0001}\\"];
  const made = ofCategories("images", column({ categories }), new Set([1, 2, 3]), new Bitset(4));
  const texts = ['"a\\nb"', '"\\u2028\\u202e\\u00a0\\ud800 é𝒳"', '"\\U000e0001\\\\"'];
  expect(made.code).toBe(`(rows.c.isin([${texts.join(", ")}]))`);
});

test("booleans are written as Python has them", () => {
  const made = ofCategories(
    "images",
    column({ kind: "boolean", categories: ["False", "True"] }),
    new Set([2]),
    new Bitset(4),
  );
  expect(made.code).toBe("(rows.c.isin([True]))");
});

test("a range holds its ends, and a range of times goes by ids", () => {
  const values = Float64Array.of(1, 2, NaN, 3);
  const made = ofRange("images", column({ kind: "number", values }), 1, 2, "1 – 2", new Bitset(4));
  expect([[...made.rows.rows()], made.code]).toEqual([[0, 1], "rows.c.between(1, 2)"]);
  expect(ofRange("images", column({ kind: "time", values }), 1, 2, "", new Bitset(4)).code).toBe("");
});
