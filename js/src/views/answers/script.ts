/** What the script of form and definition offers, and how a view loads it: when it is first wanted, as it is large. */
import type { SelectionStore } from "../../core/rows/selection";
import { h } from "../../draw/dom";
import type { Rpc } from "../../wire/rpc";
import type { Frame } from "../frame";
import type { Catalog } from "../labels/catalog";
import type { Picks } from "../labels/choice";
import type { Popover } from "../popover";
import type { Answer, Form } from "./wire";

/** The rows a form is about. */
export interface Subject {
  instances: number[];
  images: number[];
  /** Why there are no instances, for a person. */
  why?: string;
}

/** A view with a form and a definition beside its picture. */
export interface Host {
  readonly frame: Frame;
  readonly rpc: Rpc;
  readonly store: SelectionStore;
  readonly signal: AbortSignal;
  /** What the panel goes into, at the right. */
  readonly main: HTMLElement;
  subject(): Subject;
  /** The label whose definition is shown; "" for none. */
  label(): string;
  say(text: string, wrong?: boolean): void;
  /** Let a person find a label. */
  find(anchor: HTMLElement, current: string, choose: (label: string) => void): void;
  /** The kernel has made new tables of an answer given here. */
  made?(rev: number): void;
  /** An answer about these rows was taken back or given again. */
  moved?(of: string, ids: readonly number[]): void;
  /** The table whose rows are asked what must be answered, one after the other; then `done` shows the next. */
  readonly asks?: string | undefined;
  done?(): Promise<void>;
}

/** The panel beside a picture. */
export interface Side {
  /** Open the form without putting the keys into it. */
  open(): void;
  /** Put the keys into the form, and press one there. */
  press(key: string): void;
  /** Open the form, or put the keys into it; close it if it has them. */
  form(): void;
  definition(): void;
  example(right: boolean): void;
  /** The view shows something else, or the tables are new. */
  follow(): void;
}

export interface Bulk {
  frame: Frame;
  popover: Popover;
  anchor: HTMLElement;
  title: string;
  form: Form;
  /** @param words the answer, for a person. */
  give(name: string, value: Answer, words: string): void;
}

export interface Script {
  /** @param known the labels of the view; or how to ask for them, in a view that needs them for nothing else. */
  picker(frame: Frame, known: Catalog | Rpc, popover: Popover, id: string): Picks;
  side(host: Host): Side;
  bulk(asked: Bulk): void;
}

export type Load = () => Promise<Script>;

/** A function that gives the script: sent once to a view, when it is first asked for; asked again after an error. */
export function scriptOf(rpc: Rpc, root: HTMLElement): Load {
  let script: Promise<Script> | null = null;
  return () => {
    script ??= fetchScript(rpc, root).catch((error) => {
      script = null;
      throw error;
    });
    return script;
  };
}

async function fetchScript(rpc: Rpc, root: HTMLElement): Promise<Script> {
  const { result } = await rpc.request<{ script: string; style: string }>("answers_script");
  const address = URL.createObjectURL(new Blob([result.script], { type: "text/javascript" }));
  try {
    root.append(h("style", {}, result.style));
    return await import(/* @vite-ignore */ address);
  } finally {
    URL.revokeObjectURL(address);
  }
}
