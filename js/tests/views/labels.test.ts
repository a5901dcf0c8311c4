// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFrame, type Frame } from "../../src/views/frame";
import { Catalog } from "../../src/views/labels/catalog";
import { Choice } from "../../src/views/labels/choice";
import { LabelPicker } from "../../src/views/labels/picker";
import { folded, Names } from "../../src/views/labels/search";
import { Popover } from "../../src/views/popover";
import { CellEditor } from "../../src/views/table/editor";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";

const FISH = ["Atlantic cod", "cod", "Codium", "haddock", "Père cœur", "rock cod", "scode"];

class FakeKernel extends FakeChannel {
  names: string[] = [];
  rev = 1;
  colors = new Map<string, string>();
  retired: string[] = [];
  asked: { method: string; params: { name?: string; color?: string } }[] = [];
  refuses = "";
  parents: Record<string, string[]> = {};
  keys: Record<string, string> = {};
  more = () => ({ parents: this.names.map((name) => this.parents[name] ?? []), keys: this.keys });
  override send(content: unknown): void {
    const { id, client, key, method, params } = content as FakeKernel["asked"][0] & Record<string, unknown>;
    this.asked.push({ method, params });
    queueMicrotask(() => {
      const head = { client, id, key };
      if (method === "add_label" && this.refuses) {
        this.arrive({ kind: "error", ...head, error: { type: "DataError", message: this.refuses } });
        return;
      }
      if (method === "add_label") {
        this.names = [...this.names, params.name!];
        this.rev++;
      }
      if (method === "color_label") {
        this.colors.set(params.name!, params.color!);
        this.rev++;
      }
      const colors = this.names.map((name) => this.colors.get(name) ?? "#112233");
      const counts = this.names.map((_, i) => i);
      const labels = {
        rev: this.rev,
        names: this.names,
        colors,
        counts,
        retired: this.retired,
        ...this.more(),
      };
      this.arrive({ kind: "result", ...head, result: { ...labels, name: params.name } });
    });
  }
}

let kernel: FakeKernel;
let catalog: Catalog;
let frame: Frame;
let picker: LabelPicker;
let closing: AbortController;
let chosen: string[];
let button: HTMLElement;

beforeEach(() => {
  closing = new AbortController();
  kernel = new FakeKernel();
  const el = document.createElement("div");
  document.body.append(el);
  const rpc = new Rpc(kernel as never, closing.signal);
  frame = createFrame(el, rpc, closing.signal, "Test");
  button = document.createElement("button");
  frame.body.append(button);
  catalog = new Catalog(rpc);
  picker = new LabelPicker(frame, catalog, new Popover(frame, closing.signal), "test");
  chosen = [];
});

afterEach(() => {
  closing.abort();
  document.body.replaceChildren();
});

const input = () => frame.root.querySelector<HTMLInputElement>("[role=combobox]")!;
const lines = () => [...frame.root.querySelectorAll<HTMLElement>("[role=option]")];
const active = () => frame.root.querySelector("[role=option][aria-selected=true]")?.textContent ?? "";
const foot = () => frame.root.querySelector("[role=status].nbl-muted")!.textContent;
const press = (key: string, more: KeyboardEventInit = {}) =>
  input().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
const type = (text: string) => {
  input().value = text;
  input().dispatchEvent(new Event("input", { bubbles: true }));
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 2));
const names = (choice: Choice) => choice.found.map((at) => catalog.names.all[at]);

async function open(labels: string[], current = ""): Promise<void> {
  kernel.names = labels;
  catalog.known(
    labels,
    labels.map(() => "#112233"),
    1,
  );
  button.focus();
  picker.open({ title: "Label of 1 mask", current, anchor: button, choose: (name) => chosen.push(name) });
  await settle();
}

test("names that begin with the text come first, then words that do, then the rest", () => {
  const found = new Names(FISH).find("cod", []).map((at) => FISH[at]);
  expect(found).toEqual(["cod", "Codium", "Atlantic cod", "rock cod", "scode"]);
  expect(new Names(["xcod cod", "xcod"]).find("cod", [])).toEqual([0, 1]);
});

test("neither case nor accents matter, and nothing typed finds all", () => {
  expect(folded("Ångström ÉTÉ")).toBe("angstrom ete");
  const fish = new Names(FISH);
  expect(fish.find(" PERE ", [])).toEqual([4]);
  expect(fish.find("père", [])).toEqual([4]);
  expect(fish.find("", [])).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(fish.find("whale", [])).toEqual([]);
});

test("recently used names come first, among equals also of what is found", () => {
  const fish = new Names(FISH);
  expect(fish.find("", ["rock cod", "haddock"]).slice(0, 3)).toEqual([5, 3, 0]);
  expect(fish.find("cod", ["rock cod", "scode"])).toEqual([1, 2, 5, 0, 6]);
});

test("the list of recent names is short, without twins, the last one first", () => {
  for (const name of ["a", "b", "c", "a", "d", "e", "f"]) catalog.used(name);
  expect(catalog.recent).toEqual(["f", "e", "d", "a", "c"]);
});

test("a new label is offered after what is found, unless one has that name in any case", () => {
  catalog.known(FISH, [], 1);
  const choice = new Choice(catalog);
  expect([choice.n, choice.creates]).toEqual([7, false]);
  choice.type(" COD ");
  expect(choice.creates).toBe(false);
  choice.type("codf");
  expect([names(choice), choice.creates, choice.name]).toEqual([[], true, null]);
  choice.type("coeur"); // the ligature is another letter
  expect(choice.creates).toBe(true);
});

test("steps go around the ends, leaps do not", () => {
  catalog.known(["a", "b", "c"], [], 1);
  const choice = new Choice(catalog);
  choice.step(-1);
  expect(choice.name).toBe("c");
  choice.step(1);
  expect(choice.name).toBe("a");
  choice.leap(8);
  choice.leap(8);
  expect(choice.name).toBe("c");
  choice.type("nowhere");
  choice.leap(-8);
  expect(choice.at).toBe(0);
});

test("the active label stays active when the kernel sends others", () => {
  catalog.known(["a", "b", "c"], [], 1);
  const choice = new Choice(catalog);
  choice.step(2);
  catalog.known(["new", "a", "c"], [], 2);
  choice.renew();
  expect(choice.name).toBe("c");
  catalog.known(["a"], [], 3);
  choice.renew();
  expect(choice.name).toBe("a");
});

test("labels of older tables are ignored", () => {
  catalog.known(["a", "b"], [], 5);
  catalog.known(["a"], [], 4);
  expect(catalog.names.all).toEqual(["a", "b"]);
});

test("arrows and Enter choose, and the focus returns to where it was", async () => {
  await open(FISH, "haddock");
  expect(document.activeElement).toBe(input());
  expect(frame.root.querySelector("[aria-current=true]")?.textContent).toContain("haddock");
  press("ArrowDown");
  expect(input().getAttribute("aria-activedescendant")).toBe(lines()[1].id);
  press("Enter");
  expect(chosen).toEqual(["cod"]);
  expect(document.activeElement).toBe(button);
  expect(frame.root.querySelector(".nbl-popover")).toBeNull();
});

test("Escape chooses nothing and gives the focus back; a click chooses", async () => {
  await open(FISH);
  press("Escape");
  expect([chosen, document.activeElement]).toEqual([[], button]);
  await open(FISH);
  lines()[3].click();
  expect(chosen).toEqual(["haddock"]);
});

test("digits choose as in the view until something is typed; then they are text", async () => {
  await open(FISH);
  type("co");
  press("2");
  expect(chosen).toEqual([]);
  press("2", { altKey: true, code: "Digit2" });
  expect(chosen).toEqual(["cod"]);
  await open(FISH); // cod is listed first now, and is still label 2
  expect(lines()[0].textContent).toBe("cod12");
  press("1");
  expect(chosen).toEqual(["cod", "Atlantic cod"]);
  await open(["cod", "ling"]);
  press("7");
  expect(foot()).toBe("There is no label 7: there are 2.");
});

test("a digit is text where a label begins with one", async () => {
  await open(["cod", "3-spined stickleback"]);
  press("2");
  expect(chosen).toEqual([]);
  expect(lines()[0].querySelector("kbd")?.textContent).toBe("Alt+1");
});

test("keys typed into the list are not for the view", async () => {
  const heard: string[] = [];
  frame.root.addEventListener("keydown", (event) => heard.push(event.key));
  await open(FISH);
  for (const key of ["m", "ArrowDown", "x", "Delete"]) press(key);
  expect(heard).toEqual([]);
});

test("while an input method composes, Enter takes nothing", async () => {
  await open(FISH);
  press("Enter", { isComposing: true });
  expect(chosen).toEqual([]);
});

test("counts come from the kernel, and the list says how many labels are found", async () => {
  await open(FISH);
  expect(lines()[3].textContent).toBe("haddock34");
  expect(foot()).toBe("7 labels");
  type("cod");
  expect(foot()).toBe("5 of 7 labels");
});

test("a thousand labels put few lines into the document, and each says its place", async () => {
  await open(Array.from({ length: 1000 }, (_, i) => `species ${i}`));
  expect(lines().length).toBeLessThan(30);
  press("ArrowUp");
  expect(active()).toContain("species 999");
  expect(lines().at(-1)!.getAttribute("aria-posinset")).toBe("1000");
  expect(lines().at(-1)!.getAttribute("aria-setsize")).toBe("1000");
});

test("a name that is not there is added by Enter, and chosen", async () => {
  await open(["cod"]);
  type(" ling ");
  expect(active()).toBe("+create “ling”");
  press("Enter");
  press("Enter");
  await settle();
  expect(kernel.asked.filter(({ method }) => method === "add_label")).toEqual([
    { method: "add_label", params: { name: "ling" } },
  ]);
  expect(chosen).toEqual(["ling"]);
  expect(catalog.names.all).toEqual(["cod", "ling"]);
});

test("a name that the kernel refuses is said in the list, which stays open", async () => {
  await open(["cod"]);
  kernel.refuses = "labels must be text of one line";
  type("li\u2028ng");
  press("Enter");
  await settle();
  expect([chosen, foot()]).toEqual([[], "labels must be text of one line"]);
  type("ling");
  expect(foot()).toBe("no label like this; Enter adds it");
});

test("the active label gets the color chosen in the foot, and the list stays open", async () => {
  await open(FISH);
  press("ArrowDown");
  const field = frame.root.querySelector<HTMLInputElement>("input[type=color]")!;
  expect([field.value, field.getAttribute("aria-label")]).toEqual(["#112233", "color of cod"]);
  field.value = "#aa0000";
  field.dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
  expect(kernel.asked.at(-1)).toEqual({ method: "color_label", params: { name: "cod", color: "#aa0000" } });
  expect(lines()[1].querySelector<HTMLElement>(".nbl-swatch")!.style.background).toBe("rgb(170, 0, 0)");
  expect([active().slice(0, 3), chosen]).toEqual(["cod", []]);
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  expect(chosen).toEqual([]);
  type("nowhere");
  expect(field.parentElement!.hidden).toBe(true);
});

test("labels are found by the names above them, after those that have the text themselves", async () => {
  kernel.parents = { haddock: ["fish", "gadids"], "rock cod": ["fish"] };
  await open(FISH);
  expect(lines()[3].textContent).toBe("haddock ‹ gadids ‹ fish34");
  type("gadid");
  expect([lines()[0].title]).toEqual(["fish › gadids › haddock"]);
  catalog.names.under([["cod"], [], [], [], [], [], []]);
  expect(catalog.names.find("cod", []).map((at) => FISH[at])).toEqual([
    "cod",
    "Codium",
    "Atlantic cod",
    "rock cod",
    "scode",
  ]);
});

test("a label's own key picks it; other labels have digits, and a space begins a text", async () => {
  kernel.keys = { h: "haddock", "1": "Codium" };
  await open(FISH);
  expect([3, 2, 0].map((at) => lines()[at].querySelector("kbd")?.textContent)).toEqual(["h", "1", undefined]);
  press("h");
  expect(chosen).toEqual(["haddock"]);
  await open(FISH);
  press("1");
  expect(chosen).toEqual(["haddock", "Codium"]);
  expect(catalog.at("1")).toBe("Codium");
  expect(catalog.at("2")).toBe("cod");
  await open(FISH);
  type(" ");
  press("h");
  expect(chosen).toHaveLength(2);
});

test("retired labels are not offered, and keep their digits to themselves", async () => {
  kernel.retired = ["cod"];
  await open(FISH);
  expect(lines().map((el) => el.querySelector(".nbl-labels-name")!.textContent)).not.toContain("cod");
  type("haddock");
  expect(active()).toContain("Alt+4");
});

test("a label cell is set if its tables are the same but for a label added in the list, else nothing is done", async () => {
  kernel.names = ["cod", "ling"];
  catalog.known(kernel.names, [], 1);
  const store = { rev: 1, allowed: () => null };
  const sent: unknown[] = [];
  const request = async (method: string, params: object) => {
    sent.push([method, params]);
    return { result: { note: "", change: "", rev: store.rev } };
  };
  const state = {
    ...{ of: "instances", n: 3, own: null, visible: { at: () => 1 }, rpc: { lost: false, request } },
    ...{ store, catalog, pending: new Map(), tell: () => {}, settled: async () => {} },
    cache: { get: () => ({ label: 0 }) },
  };
  const head = { name: "label", kind: "category", categories: ["cod", "ling"], colors: [], editable: true };
  const scroller = document.createElement("div");
  const grid = { scroller, layout: { columns: [{ head }] }, cell: () => button };
  const cells = new CellEditor(frame, state as never, grid as never, picker, () => {}, closing.signal);
  const give = async (name: string, meanwhile = 0) => {
    expect(cells.edit(1, 0)).toBe(true);
    await settle();
    type(name);
    store.rev += meanwhile;
    press("Enter");
    await settle();
  };
  await give("ling");
  expect(sent).toEqual([["edit", { name: "label", value: "ling", n: 1, rev: 1 }]]);
  await give("ling", 1);
  expect(sent).toHaveLength(1);
  expect(frame.root.textContent).toContain("the tables changed meanwhile");
  await give("ray", 1); // its own revision: the label it adds
  expect(sent[1]).toEqual(["edit", { name: "label", value: "ray", n: 1, rev: 3 }]);
});

test("names are texts, not markup", async () => {
  await open(["<b>cod</b>"]);
  expect(frame.root.querySelector(".nbl-labels b.nbl-labels-title")).not.toBeNull();
  expect(lines()[0].querySelector("b")).toBeNull();
});
