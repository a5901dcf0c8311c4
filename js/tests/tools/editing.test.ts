import { describe, expect, it } from "vitest";
import { assist } from "../../src/tools/assist";
import { boxArea, boxTool } from "../../src/tools/box";
import { brushTool } from "../../src/tools/brush";
import type { Gesture } from "../../src/tools/gesture";
import { penTool } from "../../src/tools/pen";
import { type Reshaping, reshape } from "../../src/tools/reshape";
import { seedTool } from "../../src/tools/seed";
import type { Tool, ToolEvent } from "../../src/tools/tool";
import { random } from "../random";

const plain = { scale: 1, under: [], button: 0, shift: false, alt: false, ctrl: false };
const at = (kind: ToolEvent["kind"], x = 0, y = 0, more: Partial<ToolEvent> = {}): ToolEvent => ({
  ...plain,
  kind,
  x,
  y,
  sx: x * (more.scale ?? 1),
  sy: y * (more.scale ?? 1),
  ...more,
});

/** State after events, and what they came to. */
function play<S>(
  tool: Tool<S, Gesture>,
  events: readonly ToolEvent[],
  start: S = tool.start,
): [S, Gesture[]] {
  let state = start;
  const changes: Gesture[] = [];
  for (const event of events) {
    const step = tool.reduce(state, event);
    state = step.state;
    if (step.change) changes.push(step.change);
  }
  return [state, changes];
}

const click = (x: number, y: number, more: Partial<ToolEvent> = {}) => [
  at("down", x, y, more),
  at("up", x, y, more),
];

describe("pen", () => {
  const pen = penTool("pen");
  const corners = [...click(10, 10), ...click(60, 10), ...click(60, 60)];

  it("closes on the first corner, on Enter and on a double click", () => {
    const area = [{ make: "area", rings: [[10, 10, 60, 10, 60, 60]], into: "new" }];
    expect(play(pen, [...corners, ...click(12, 11)])).toEqual([pen.start, area]);
    expect(play(pen, [...corners, at("finish")])[1]).toEqual(area);
    expect(play(pen, [...corners, ...click(60, 60), at("double", 60, 60)])[1]).toEqual(area);
  });

  it("measures nearness on the screen", () => {
    const zoomed = corners.map((event) => ({ ...event, scale: 8, sx: event.x * 8, sy: event.y * 8 }));
    expect(play(pen, [...zoomed, ...click(12, 11, { scale: 8 })])[1]).toEqual([]);
  });

  it("draws by hand while the button is held, and closes where it began", () => {
    const events = [at("down", 50, 20)];
    for (let i = 1; i <= 40; i++)
      events.push(at("move", 20 + 30 * Math.cos((i * Math.PI) / 20), 20 + 30 * Math.sin((i * Math.PI) / 20)));
    const [state, changes] = play(pen, [...events, at("up", 50, 20)]);
    expect(state).toEqual(pen.start);
    expect(changes).toHaveLength(1);
    expect((changes[0] as Gesture & { make: "area" }).rings[0].length).toBeGreaterThan(40);
  });

  it("mixes clicks and stretches by hand, and takes back either", () => {
    const stretch = [at("down", 60, 60), at("move", 40, 70), at("move", 20, 75), at("up", 20, 75)];
    const [mixed] = play(pen, [...click(10, 10), ...click(60, 10), ...stretch]);
    expect(mixed.path).toEqual([10, 10, 60, 10, 60, 60, 40, 70, 20, 75]);
    const [one] = play(pen, [at("back")], mixed);
    expect(one.path).toEqual([10, 10, 60, 10]);
    expect(play(pen, [at("back"), at("back")], one)[0]).toEqual(pen.start);
  });

  it("needs three corners", () => {
    expect(play(pen, [...click(10, 10), ...click(40, 10), at("finish")])).toEqual([pen.start, []]);
  });

  it("adds with Shift and cuts with Alt, as held at the end", () => {
    const into = (more: Partial<ToolEvent>) => play(pen, [...corners, at("finish", 0, 0, more)])[1][0];
    expect(into({ shift: true })).toMatchObject({ into: "add" });
    expect(into({ alt: true })).toMatchObject({ into: "cut" });
  });

  it("follows a route between corners", () => {
    const wire = penTool("scissors", ([x], [tox]) => [(x + tox) / 2, 5]);
    expect(play(wire, [...click(0, 0), ...click(20, 0)])[0].path).toEqual([0, 0, 10, 5, 20, 0]);
  });

  it("drops the stretch under way when a second finger comes down", () => {
    const [state] = play(pen, [...click(1, 1), at("down", 30, 30), at("move", 50, 50), at("cancel")]);
    expect(state.path).toEqual([1, 1]);
  });
});

describe("brush", () => {
  it("gives its path, and erases while Shift is held", () => {
    const brush = brushTool("brush", false);
    const events = [at("down", 1, 1, { shift: true }), at("move", 2, 3), at("up", 2, 3)];
    expect(play(brush, events)[1]).toEqual([{ make: "stroke", path: [1, 1, 2, 3], erase: true }]);
    expect(play(brushTool("eraser", true), events)[1]).toMatchObject([{ erase: false }]);
  });

  it("makes nothing of a stroke that was cancelled", () => {
    const brush = brushTool("brush", false);
    expect(play(brush, [at("down"), at("move", 5, 5), at("cancel"), at("up")])[1]).toEqual([]);
  });
});

describe("box", () => {
  const box = boxTool("box", boxArea);
  const rings = [[5, 6, 25, 6, 25, 36, 5, 36]];

  it("takes a drag in any direction, and two clicks", () => {
    const made = [{ make: "area", rings, into: "new" }];
    expect(play(box, [at("down", 5, 6), at("move", 9, 9), at("move", 25, 36), at("up", 25, 36)])[1]).toEqual(
      made,
    );
    expect(play(box, [at("down", 25, 36), at("move", 5, 6), at("up", 5, 6)])[1]).toEqual(made);
    expect(play(box, [...click(5, 6), at("move", 20, 20), ...click(25, 36)])[1]).toEqual(made);
  });
});

describe("seed", () => {
  it("is a click, not a drag", () => {
    const wand = seedTool("wand");
    expect(play(wand, click(7, 8, { alt: true }))[1]).toEqual([{ make: "seed", x: 7, y: 8, into: "cut" }]);
    expect(play(wand, [at("down", 7, 8), at("move", 30, 8), at("up", 30, 8)])[1]).toEqual([]);
  });
});

describe("assist", () => {
  it("asks with every point, and is final on Enter", () => {
    const [state, asked] = play(assist, [...click(5, 5), ...click(9, 9, { alt: true })]);
    expect(asked).toMatchObject([
      { points: [[5, 5, 1]], final: false },
      {
        points: [
          [5, 5, 1],
          [9, 9, 0],
        ],
        final: false,
      },
    ]);
    const [end, last] = play(assist, [at("finish")], state);
    expect(last).toMatchObject([{ final: true, into: "new" }]);
    expect(end).toEqual(assist.start);
  });

  it("takes a box by dragging, and points back one by one", () => {
    const drag = [at("down", 2, 3), at("move", 20, 30), at("up", 20, 30)];
    const [state, asked] = play(assist, [...drag, ...click(5, 5)]);
    expect(asked).toMatchObject([{ box: [2, 3, 18, 27] }, { box: [2, 3, 18, 27], points: [[5, 5, 1]] }]);
    expect(play(assist, [at("back")], state)[1]).toMatchObject([{ points: [], box: [2, 3, 18, 27] }]);
  });
});

describe("reshape", () => {
  const square: Reshaping = { rings: [[0, 0, 40, 0, 40, 40, 0, 40]], corner: null, before: null };

  it("drags a corner", () => {
    const [state, changes] = play(reshape, [at("down", 41, 1), at("move", 60, 5), at("up", 60, 5)], square);
    expect(state.rings).toEqual([[0, 0, 60, 5, 40, 40, 0, 40]]);
    expect(changes).toEqual([{ make: "reshape", before: square.rings, rings: state.rings }]);
  });

  it("makes a corner of an edge, also of the last one", () => {
    const [state] = play(reshape, [at("down", 20, 2), at("move", 20, -9), at("up", 20, -9)], square);
    expect(state.rings).toEqual([[0, 0, 20, -9, 40, 0, 40, 40, 0, 40]]);
    const [last] = play(reshape, [at("down", -2, 20), at("up", -2, 20)], square);
    expect(last.rings).toEqual([[0, 0, 40, 0, 40, 40, 0, 40, -2, 20]]);
  });

  it("takes corners away down to a triangle", () => {
    const [state, changes] = play(reshape, [at("down", 40, 40, { alt: true })], square);
    expect(state.rings).toEqual([[0, 0, 40, 0, 0, 40]]);
    expect(changes).toHaveLength(1);
    expect(play(reshape, [at("down", 40, 0, { alt: true })], state)[1]).toEqual([]);
  });

  it("points at another mask where there is no outline", () => {
    const step = reshape.reduce(square, at("down", 300, 300, { under: [7] }));
    expect(step.effects).toEqual([{ do: "point", mask: 7 }]);
  });

  it("ends where it began when a drag is cancelled, whatever was dragged", () => {
    const next = random(3);
    for (let round = 0; round < 200; round++) {
      const moves = Array.from({ length: 5 }, () => at("move", next() * 99, next() * 99));
      const [state] = play(reshape, [at("down", next() * 44, next() * 44), ...moves, at("cancel")], square);
      expect(state.rings).toEqual(square.rings);
    }
  });
});
