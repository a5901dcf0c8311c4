/** What the kernel says; see `widgets/verify/verify.py`. */
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
  ids: number[];
}

export interface Outlook {
  estimate: number | null;
  lower: number | null;
  upper: number | null;
  outcome: string;
  masks: Record<string, number>;
}

export interface Progress {
  strategy: string;
  phase: "search" | "audit" | "done";
  target_quality: number;
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
}

export interface CropHead {
  id: number;
  /** Place among the labels. */
  label: number;
  /** Width and height of its image. */
  size: [number, number];
  /** x, y, w, h of the mask. */
  at: [number, number, number, number];
  box: Edges;
  /** Width and height of the mask that came, fewer pixels than the box where that is large. */
  mask: [number, number];
  problem: string;
  /** Whether auto contrast made its picture. */
  auto: boolean;
  /** Of the mask and of the picture. */
  bytes: [number, number];
}

/** Places in the open question, and their crops; none where it was told meanwhile. */
export interface Crops {
  places: number[];
  crops: CropHead[];
}

/** Known masks: right ones first, so many of them. */
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
  /** Counts what has happened, to tell who is behind. */
  turn: number;
  id: string;
  progress: Progress;
  clusters: number;
  /** Of labels that clusters have. */
  names: string[];
  labels: string[];
  colors: string[];
  graded: Graded | null;
  qualifying: boolean;
  question: Question | null;
  answers?: Answer[];
  outlook?: Outlook | null;
  /** Of the first masks. */
  crops: CropHead[];
}
