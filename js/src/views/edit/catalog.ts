/** All tools and operations with their keys, for the rail, the menu and the cheat sheet. */

export type ToolName =
  | "select"
  | "pen"
  | "reshape"
  | "brush"
  | "eraser"
  | "box"
  | "fill"
  | "wand"
  | "scissors"
  | "cutout"
  | "assist";

export interface ToolEntry {
  name: ToolName;
  key: string;
  title: string;
  /** Shown while the tool is active. */
  hint: string;
  /** SVG path, 16 x 16. */
  icon: string;
}

export const TOOLS: readonly ToolEntry[] = [
  {
    name: "select",
    key: "v",
    title: "select",
    hint: "Click a mask; Shift+click picks several.",
    icon: "M4 2.5l8 5.5-4 .8 2.2 4.2-1.8.9-2.2-4.2L4 12.5z",
  },
  {
    name: "pen",
    key: "p",
    title: "pen",
    hint: "Click corners or hold to draw; Enter, a double click or the first corner closes. Shift adds to the active mask, Alt cuts.",
    icon: "M3 13l1-3.5L11 2.5l2.5 2.5-7 7zM9.5 4l2.5 2.5",
  },
  {
    name: "reshape",
    key: "t",
    title: "reshape the outline",
    hint: "Drag a corner, drag an edge to make one, Alt+click takes one away.",
    icon: "M4 4l8 1.5L13 12l-8.5-1zM2.5 2.5h3v3h-3zM10.5 4h3v3h-3zM11.5 10.5h3v3h-3zM3 9.5h3v3H3z",
  },
  {
    name: "brush",
    key: "b",
    title: "brush",
    hint: "Paints on the active mask, or a new one. [ ] size, Shift erases.",
    icon: "M13.5 2.5l-6 6.5M7.5 9c-1.5-1.2-3.3-.3-3.6 1.5-.2 1.3-.9 2-1.900 2.5 2.5.8 5.3.5 6-1.5.3-1 .1-1.900-.5-2.5z",
  },
  {
    name: "eraser",
    key: "e",
    title: "eraser",
    hint: "Takes from the active mask, or the one under the pointer. [ ] size, Shift paints.",
    icon: "M6 13h8M3 9.5l6-6 4 4-5.5 5.5H6zM6 6.5l4 4",
  },
  {
    name: "box",
    key: "r",
    title: "rectangle",
    hint: "Drag a rectangle, or click two corners.",
    icon: "M2.5 3.5h11v9h-11z",
  },
  {
    name: "fill",
    key: "u",
    title: "fill a hole",
    hint: "Click into a hole of a mask.",
    icon: "M7.5 2.5l5 5L7 13 2.5 8.5zM5 5.5 7.5 2.5M14 10.5c.8 1.2.8 2.5 0 2.5s-.8-1.3 0-2.5z",
  },
  {
    name: "wand",
    key: "w",
    title: "magic wand",
    hint: "Click: connected pixels of a similar color. Shift adds, Alt cuts.",
    icon: "M3 13l7-7M11.5 2v3M10 3.5h3M13.5 7v2M12.5 8h2M7 2.5v2M6 3.5h2",
  },
  {
    name: "scissors",
    key: "s",
    title: "scissors that follow edges",
    hint: "Click along an edge; the line snaps to it. Enter closes.",
    icon: "M5.5 6.5 13 12M5.5 9.5 13 4M4 3.5a1.8 1.8 0 1 0 .01 3.6 1.8 1.8 0 0 0-.01-3.6zM4 8.900a1.8 1.8 0 1 0 .01 3.6 1.8 1.8 0 0 0-.01-3.6z",
  },
  {
    name: "cutout",
    key: "c",
    title: "cut out of a box",
    hint: "Drag a box around a thing: its outline is found by its colors.",
    icon: "M2.5 5v-2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M8 4.5c2.5 0 3.5 2 3 4s-2 3-3.5 3-3-1.5-2.5-3.5 1-3.5 3-3.5z",
  },
  {
    name: "assist",
    key: "a",
    title: "point at a thing",
    hint: "Click inside, Alt+click outside, drag a box; Enter takes what was found.",
    icon: "M8 2v4M8 10v4M2 8h4M10 8h4M8 8h.01",
  },
];

export interface Operation {
  op: string;
  key: string;
  title: string;
  /** Least number of masks it needs. */
  least: number;
}

/** Operations on the active and the picked masks; the kernel performs them. */
export const OPERATIONS: readonly Operation[] = [
  { op: "merge", key: "G", title: "merge", least: 2 },
  { op: "subtract", key: "Q", title: "subtract the others", least: 2 },
  { op: "split", key: "I", title: "split into islands", least: 1 },
  { op: "split_touching", key: "Shift+I", title: "split what touches", least: 1 },
  { op: "fill_holes", key: "Shift+U", title: "fill all holes", least: 1 },
  { op: "smooth", key: "J", title: "smooth", least: 1 },
  { op: "simplify", key: "Y", title: "simplify", least: 1 },
  { op: "snap", key: "Shift+S", title: "snap the outline to edges", least: 1 },
  { op: "snap_all", key: "Shift+E", title: "snap all outlines of this image to edges", least: 0 },
  { op: "duplicate", key: "D", title: "duplicate", least: 1 },
  { op: "copy_next", key: "Shift+→", title: "copy to the next image", least: 1 },
  { op: "ignore", key: "Shift+X", title: "ignore this area: nobody knows what is there", least: 1 },
  { op: "done", key: "Shift+D", title: "this area is done: all of it is labeled", least: 1 },
  { op: "clear_regions", key: "Shift+K", title: "cut this area out of the regions", least: 1 },
  { op: "remove", key: "Delete", title: "remove", least: 1 },
];

export type DecisionName = "accept" | "force" | "reject" | "accept_all" | "complete" | "nothing";

export interface Decision {
  name: DecisionName;
  /** Keys, separated by spaces. */
  key: string;
  title: string;
  /** Text of its button beside the image's state. */
  button?: string;
}

/** Decisions without drawing: on predictions as they are, with the keys of nl.Review, and on the image. */
export const DECISIONS: readonly Decision[] = [
  { name: "accept", key: "M Enter", title: "accept the prediction as it is" },
  { name: "force", key: "Shift+M", title: "accept it though it overlaps an instance" },
  { name: "reject", key: "X", title: "reject the prediction" },
  { name: "accept_all", key: "Shift+A", title: "accept all predictions shown here", button: "Accept all" },
  { name: "complete", key: "Shift+C", title: "this image is complete", button: "Complete" },
  { name: "nothing", key: "Shift+N", title: "nothing here: the image is empty", button: "Nothing here" },
];

/** Lines of the viewer's cheat sheet that do not apply while editing. */
export const OVERRULED: readonly string[] = ["← P", "5 6 7", "1", "Ctrl+Z Ctrl+Y", "Esc"];

/** Keys of the layers while editing, where digits alone set labels. */
export const LAYER_KEYS = {
  show_image: "Alt+5",
  show_labels: "Alt+6",
  show_predictions: "Alt+7",
} as const;

export const KEYS: readonly (readonly [string, string])[] = [
  ...TOOLS.map(({ key, title }) => [key.toUpperCase(), title] as const),
  ...DECISIONS.map(({ key, title }) => [key, title] as const),
  ...OPERATIONS.map(({ key, title }) => [key, title] as const),
  ["←", "previous image"],
  ["1 … 9", "label of the active mask, and of new ones"],
  ["Shift+L", "find that label by typing, or name a new one"],
  ["[ ]", "smaller, larger brush"],
  ["Enter", "while drawing: close the outline, take what was found; Shift adds, Alt cuts"],
  ["Backspace", "take back the last corner or point"],
  ["Esc", "drop what is being drawn; then: no mask is active"],
  ["Ctrl+Z", "undo, also what Python did"],
  ["Ctrl+X Ctrl+Y", "redo (also Ctrl+Shift+Z)"],
  ["Ctrl+C Ctrl+V", "copy, paste onto any image"],
  ["Alt+5 Alt+6 Alt+7", "image, instances, predictions on or off"],
];
