/** The frame of every view: toolbar, body, a sign of a busy kernel, and a line for errors and a lost kernel. */

import { h } from "../draw/dom";
import { Cancelled, RemoteError, type Rpc, said } from "../wire/rpc";

export interface Frame {
  /** Has the class `nbl` and gets the keys; JupyterLab's shortcuts do not apply in it. */
  root: HTMLElement;
  toolbar: HTMLElement;
  body: HTMLElement;
  /** Put a panel at the right of the body; returns the row of both. */
  beside(panel: HTMLElement): HTMLElement;
  /** Put a line below the body, and below a panel beside it. */
  below(line: HTMLElement): void;
  /** Show an error until `settle`; cancellations are ignored. */
  fail(error: unknown, retry?: () => void): void;
  /** Remove the error. */
  settle(): void;
  /** Show a text over an empty body; "" removes it. */
  empty(text: string): void;
  /** Lines of the sheet of keys beyond those of the view itself. */
  keys: (readonly [string, string])[];
}

const PATIENCE = 400; // milliseconds until a wait for the kernel is shown

/** @param label name of the view for screen readers. */
export function createFrame(el: HTMLElement, rpc: Rpc, signal: AbortSignal, label: string): Frame {
  const toolbar = h("div.nbl-toolbar", { role: "toolbar", "aria-label": `${label} tools` });
  const body = h("div.nbl-body");
  const note = h("div.nbl-note", { role: "status", "aria-live": "polite" });
  const placeholder = h("div.nbl-empty");
  const waiting = "waiting for the kernel";
  const spinner = h("span.nbl-busy", { role: "img", "aria-label": waiting, title: waiting });
  for (const element of [note, placeholder, spinner]) show(element, false);
  const root = h(
    "div.nbl",
    {
      tabindex: 0,
      "data-lm-suppress-shortcuts": "true",
      "data-jp-suppress-context-menu": true,
      role: "group",
      "aria-label": label,
      "data-view": label.toLowerCase(),
    },
    toolbar,
    body,
    note,
  );
  root.addEventListener("keydown", (event) => saveAsEver(event, el), { signal });
  el.append(root);
  signal.addEventListener("abort", () => root.remove(), { once: true });

  let middle = body;
  let failure: { text: string; retry: (() => void) | undefined } | null = null;
  let patience = 0;

  const draw = () => {
    const kind = rpc.lost ? "lost" : failure ? "error" : "";
    note.dataset.kind = kind;
    show(note, kind);
    if (!kind) return note.replaceChildren();
    const text = rpc.lost
      ? "The kernel restarted or is gone: the view shows its last state. Run its cell again."
      : failure!.text;
    const retry = !rpc.lost && failure?.retry;
    note.replaceChildren(
      h("span.nbl-note-text", {}, text),
      retry
        ? h(
            "button",
            {
              onclick: () => {
                settle();
                retry();
              },
            },
            "Try again",
          )
        : "",
      rpc.lost ? "" : h("button.nbl-quiet.nbl-icon", { "aria-label": "dismiss", onclick: settle }, "×"),
    );
  };
  const settle = () => {
    if (!failure) return;
    failure = null;
    draw();
  };

  rpc.watch(() => {
    window.clearTimeout(patience);
    const waits = rpc.pending > 0 && !rpc.lost;
    root.toggleAttribute("data-waits", waits);
    if (waits) patience = window.setTimeout(() => show(spinner, true), PATIENCE);
    else show(spinner, false);
    draw();
  });
  signal.addEventListener("abort", () => window.clearTimeout(patience), { once: true });
  body.append(placeholder);
  toolbar.append(spinner);

  return {
    root,
    toolbar,
    body,
    keys: [],
    beside(panel) {
      const row = h("div.nbl-beside-row");
      const focused = (root.getRootNode() as Document).activeElement as HTMLElement | null;
      middle.replaceWith(row);
      row.append(middle, panel);
      middle = row;
      if (focused && root.contains(focused)) focused.focus({ preventScroll: true }); // moved, it lost the keys
      return row;
    },
    below: (line) => middle.after(line),
    settle,
    fail(error, retry) {
      if (error instanceof Cancelled) return;
      if (!(error instanceof RemoteError)) console.error("nbalabel:", error);
      failure = { text: said(error), retry };
      draw();
    },
    empty(text) {
      placeholder.textContent = text;
      show(placeholder, text);
    },
  };
}

function show(element: HTMLElement, on: unknown): void {
  element.hidden = !on;
  element.style.display = on ? "" : "none";
}

/** Pass Ctrl+S on: `data-lm-suppress-shortcuts` hides all keys from JupyterLab, but saving should always work. */
function saveAsEver(event: KeyboardEvent, outside: HTMLElement): void {
  if (!(event.ctrlKey || event.metaKey) || event.code !== "KeyS" || !document.body.dataset.jpThemeName)
    return;
  event.preventDefault();
  event.stopPropagation();
  outside.dispatchEvent(new KeyboardEvent("keydown", event));
}
