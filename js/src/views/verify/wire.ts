/** Replies of the kernel; see `widgets/verify/verify.py`. */
import type { Answer } from "../../core/asking/sheet";
import type { Edges } from "../../core/space/surroundings";

export interface Traits {
  height: number;
  context: number;
  batch: number;
  mode: "grid" | "one";
  outline: boolean;
  fill: boolean;
  auto_submit: boolean;
  instructions: string;
  introduce: boolean;
}

export interface Model {
  get<K extends keyof Traits>(name: K): Traits[K];
  set<K extends keyof Traits>(name: K, value: Traits[K]): void;
  save_changes(): void;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

export interface Question {
  /** Below 0 for a qualification. */
  number: number;
  kind: "sample" | "audit" | "known";
  cluster: string;
  label: string;
  size: number;
  why: string;
  /** The question itself; "" for "Is each mask right?". */
  asks: string;
  ids: number[];
}

export interface Outlook {
  estimate: number | null;
  lower: number | null;
  upper: number | null;
  outcome: string;
  masks: Record<string, number>;
  /** Answers expected to be needed beyond these; null where unknown. */
  answers: number | null;
}

export interface Progress {
  strategy: string;
  phase: "search" | "audit" | "done";
  /** null for an estimate. */
  target_quality: number | null;
  alpha: number | null;
  n_masks: number;
  n_accepted: number;
  n_rejected: number;
  n_open: number;
  n_answers: number;
  n_questions: number;
  budget: number | null;
  estimate: number | null;
  lower: number | null;
  seconds: number;
  note: string;
  /** Answers given and masks accepted after each question. */
  curve: [number, number][];
  /** What is proved of labels with a target of their own, and of all rounds; "" where nothing is. */
  together: string;
  /** Of an audit; "" for a propagation. */
  state: "" | "open" | "holds" | "fails";
  /** What is counted, in the singular: "mask" or "instance". */
  things: string;
  /** The cell that takes the result over. */
  take: string;
  /** The cell that goes on with what is left open; "" for none. */
  rest: string;
}

export interface CropHead {
  id: number;
  /** Id of its image. */
  image: number;
  /** Index of the label. */
  label: number;
  /** Width and height of its image. */
  size: [number, number];
  /** x, y, w, h of the mask. */
  at: [number, number, number, number];
  box: Edges;
  /** Width and height of the mask as sent, smaller than the box if the box is large. */
  mask: [number, number];
  problem: string;
  /** Whether auto contrast changed its picture. */
  auto: boolean;
  /** Lengths of the mask and of the picture, bytes. */
  bytes: [number, number];
}

/** Places in the open question, and their crops; none if it was answered meanwhile. */
export interface Crops {
  places: number[];
  crops: CropHead[];
}

/** Masks of known answer, the right ones first; `right` is their number. */
export interface Examples {
  right: number;
  crops: CropHead[];
}

export interface Graded {
  asked: number;
  right: number;
  needed: number;
  passed: boolean;
}

export interface State {
  /** Number of steps so far, to detect an outdated state. */
  turn: number;
  id: string;
  progress: Progress;
  clusters: number;
  /** Names of the labels of clusters. */
  names: string[];
  labels: string[];
  colors: string[];
  graded: Graded | null;
  qualifying: boolean;
  question: Question | null;
  answers?: Answer[];
  outlook?: Outlook | null;
  /** Crops of the first masks. */
  crops: CropHead[];
}
