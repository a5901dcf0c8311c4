/** The reducer of each tool. */
import { assist, type Prompting } from "../../tools/assist";
import { type Boxing, boxArea, boxPrompt, boxTool } from "../../tools/box";
import { brushTool, type Painting } from "../../tools/brush";
import type { Gesture } from "../../tools/gesture";
import { type Drawing, penTool } from "../../tools/pen";
import { type Reshaping, reshape } from "../../tools/reshape";
import { type Seeding, seedTool } from "../../tools/seed";
import type { Tool } from "../../tools/tool";
import type { ToolName } from "./catalog";
import type { Finder } from "./finder";

export type InHand = Drawing | Painting | Boxing | Seeding | Prompting | Reshaping;

/** The reducer of a tool; null for the viewer's own, which selects and pans. */
export function toolOf(name: ToolName, finder: Finder): Tool<InHand, Gesture> | null {
  const tools: Record<Exclude<ToolName, "select">, () => unknown> = {
    pen: () => penTool("pen"),
    reshape: () => reshape,
    brush: () => brushTool("brush", false),
    eraser: () => brushTool("eraser", true),
    box: () => boxTool("box", boxArea),
    fill: () => seedTool("fill"),
    wand: () => seedTool("wand"),
    scissors: () => penTool("scissors", (from, to) => finder.route(from, to)),
    cutout: () => boxTool("cutout", boxPrompt),
    assist: () => assist,
  };
  return name === "select" ? null : ((tools[name]?.() ?? null) as Tool<InHand, Gesture> | null);
}
