import { describe, expect, it } from "vitest";
import { pan } from "../../src/tools/pan";
import { select } from "../../src/tools/select";
import type { Effect, Tool, ToolEvent } from "../../src/tools/tool";

const plain = {
  x: 0,
  y: 0,
  sx: 0,
  sy: 0,
  scale: 1,
  under: [],
  button: 0,
  shift: false,
  alt: false,
  ctrl: false,
};
const event = (kind: ToolEvent["kind"], more: Partial<ToolEvent> = {}): ToolEvent => ({
  ...plain,
  kind,
  ...more,
});

/** What a tool does with a series of events. */
function play<S>(tool: Tool<S>, events: ToolEvent[]): Effect[] {
  let state = tool.start;
  return events.flatMap((each) => {
    const step = tool.reduce(state, each);
    state = step.state;
    return [...(step.effects ?? [])];
  });
}

describe("pan", () => {
  it("moves the image by what the pointer moves while a button is down", () => {
    const effects = play(pan, [
      event("move", { sx: 5, sy: 5 }),
      event("down", { sx: 10, sy: 10 }),
      event("move", { sx: 15, sy: 8 }),
      event("move", { sx: 16, sy: 8 }),
      event("up", { sx: 16, sy: 8 }),
      event("move", { sx: 50, sy: 50 }),
    ]);
    expect(effects).toEqual([
      { do: "pan", dx: 5, dy: -2 },
      { do: "pan", dx: 1, dy: 0 },
    ]);
  });
});

describe("select", () => {
  const at = { sx: 10, sy: 10 };

  it("points at what is clicked, at what lies below it when clicked again, and at nothing beside", () => {
    const click = (under: number[]) => [event("down", { ...at, under }), event("up", { ...at, under })];
    const effects = play(select, [...click([4, 2]), ...click([4, 2]), ...click([4, 2]), ...click([])]);
    expect(effects.map((effect) => "mask" in effect && effect.mask)).toEqual([4, 2, 4, -1]);
  });

  it("pans when dragged further than a click shakes, and then points at nothing", () => {
    const effects = play(select, [
      event("down", { ...at, under: [1] }),
      event("move", { sx: 12, sy: 11, under: [1] }),
      event("move", { sx: 30, sy: 10, under: [] }),
      event("move", { sx: 31, sy: 10 }),
      event("up", { sx: 31, sy: 10, under: [1] }),
    ]);
    expect(effects).toEqual([
      { do: "pan", dx: 20, dy: 0 },
      { do: "pan", dx: 1, dy: 0 },
    ]);
  });

  it("hovers when what is under the pointer changes, and lets go when it leaves", () => {
    const effects = play(select, [
      event("move", { under: [3] }),
      event("move", { under: [3, 1] }),
      event("move", { under: [1] }),
      event("leave"),
    ]);
    expect(effects).toEqual([3, 1, -1].map((mask) => ({ do: "hover", mask })));
  });

  it("zooms to what is clicked twice, out to the image where that is nothing", () => {
    expect(play(select, [event("double", { under: [7] })])).toEqual([
      { do: "point", mask: 7 },
      { do: "zoom", mask: 7 },
    ]);
    expect(play(select, [event("double")])).toEqual([{ do: "zoom", mask: -1 }]);
  });

  it("says by its cursor what would happen", () => {
    const over = select.reduce(select.start, event("move", { under: [3] })).state;
    expect(select.cursor(select.start)).toBe("default");
    expect(select.cursor(over)).toBe("pointer");
  });
});
