// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { List } from "../../src/views/viewer/list";
import type { ListState } from "../../src/views/viewer/list_row";
import type { Picture } from "../../src/views/viewer/picture";

const N = 5000;
let watching = 0;

beforeEach(() => {
  watching = 0;
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { get: () => 200, configurable: true });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {
        watching++;
      }
      disconnect() {
        watching--;
      }
    },
  );
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => {
    work();
    return 0;
  });
});

function state(more: Partial<ListState> = {}): ListState {
  const picture = {
    n: N,
    nLabels: 3,
    head: { imageId: 1, state: null },
    score: Float32Array.from({ length: N }, (_, i) => (i < 3 ? Number.NaN : (i % 100) / 100)),
    area: Int32Array.from({ length: N }, (_, i) => i),
    ids: Float64Array.from({ length: N }, (_, i) => i),
    values: new Int32Array(N),
    label: (mask: number) => (mask ? `label ${mask}` : "<script>alert(1)</script>"),
    source: () => "human",
  } as unknown as Picture;
  const no = () => false;
  const yes = () => true;
  const rest = { color: () => "#ff0000", shown: yes, allowed: yes, hidden: no, locked: no };
  return { picture, active: -1, hover: -1, ...rest, ...more };
}

function list() {
  const events = { point: vi.fn(), hover: vi.fn(), zoom: vi.fn(), toggle: vi.fn() };
  const control = new AbortController();
  const made = new List(events, "viewer-1", control.signal);
  document.body.replaceChildren(made.el);
  const rows = () => [...made.el.querySelectorAll<HTMLElement>("[role=option]")];
  return { made, events, control, rows };
}

describe("the list", () => {
  it("has only the rows in sight in the document, and takes names as text", () => {
    const { made, rows } = list();
    made.show(state());
    expect(made.order.length).toBe(N);
    expect(rows().length).toBeLessThan(20);
    expect(rows()[0].querySelector(".nbl-viewer-label")?.textContent).toBe("<script>alert(1)</script>");
    expect(made.el.querySelector("script")).toBeNull();
  });

  it("has labels first, predictions by falling score behind them, until people sort", () => {
    const { made } = list();
    const shown = state();
    made.show(shown);
    expect(made.order.slice(0, 3)).toEqual([0, 1, 2]);
    expect(shown.picture.score[made.order[3]]).toBeCloseTo(0.99);
    const area = [...made.el.querySelectorAll("button")].find((button) => button.textContent === "area")!;
    area.click();
    expect(made.order.slice(0, 4)).toEqual([2, 1, 0, N - 1]);
    area.click();
    expect(made.order.slice(0, 4)).toEqual([0, 1, 2, 3]);
  });

  it("keeps its rows in place while only what is pointed at changes", () => {
    const { made, rows } = list();
    const first = state();
    made.show(first);
    const before = rows();
    made.show({ ...first, active: 1, hover: 2, hidden: (mask) => mask === 0 });
    expect(rows()[0]).toBe(before[0]);
    expect(before[1].getAttribute("aria-selected")).toBe("true");
    expect(before[2].classList.contains("nbl-hover")).toBe(true);
    expect(before[0].querySelector("[data-what=hidden]")?.getAttribute("aria-label")).toBe("show instance 0");
  });

  it("points, hides and locks by clicks, and steps over what is not shown", () => {
    const { made, events, rows } = list();
    made.show(state({ shown: (mask) => mask !== 1 }));
    rows()[2].click();
    expect(events.point).toHaveBeenCalledWith(2);
    rows()[0].querySelector<HTMLElement>("[data-what=locked]")!.click();
    expect(events.toggle).toHaveBeenCalledWith("locked", 0);
    expect(events.point).toHaveBeenCalledTimes(1);
    expect([made.step(-1, 1), made.step(0, 1), made.step(0, -1)]).toEqual([0, 2, -1]);
  });

  it("says so where there is nothing, and whether somebody verified that", () => {
    const { made } = list();
    const nothing = { ...state().picture, n: 0, nLabels: 0 };
    made.show(state({ picture: { ...nothing, head: { imageId: 2, state: "empty" } } as unknown as Picture }));
    expect(made.el.textContent).toContain("Nothing here: a person looked.");
    made.show(state({ picture: { ...nothing, head: { imageId: 3, state: null } } as unknown as Picture }));
    expect(made.el.textContent).toContain("No instances or predictions here.");
  });

  it("lets go of what it watches when the view is closed", () => {
    const { control } = list();
    expect(watching).toBe(1);
    control.abort();
    expect(watching).toBe(0);
  });
});
