/** What every view begins with: a line to the kernel, the shared selection, a frame. */
import type { AnyModel, Host } from "@anywidget/types";
import type { SelectionStore } from "../core/rows/selection";
import { connectSelection } from "../wire/connect";
import { Rpc } from "../wire/rpc";
import { createFrame, type Frame } from "./frame";

interface Mount {
  model: AnyModel;
  el: HTMLElement;
  signal: AbortSignal;
  /** Absent in hosts that cannot hand one widget to another. */
  host?: Host;
}

/** `model` is the widget's own: each view says which traits it reads. */
export type Build = (
  frame: Frame,
  model: never,
  rpc: Rpc,
  store: SelectionStore,
  signal: AbortSignal,
  host: Host | undefined,
) => unknown;

/**
 * A widget for anywidget.
 *
 * @param label what screen readers call the view.
 * @param build makes it; not called where the view was closed meanwhile.
 */
export function widget(label: string, build: Build) {
  return {
    async render({ model, el, signal, host }: Mount): Promise<void> {
      const rpc = new Rpc(model as never, signal);
      const frame = createFrame(el, rpc, signal, label);
      const store = await connectSelection(model as never, host, signal);
      if (!signal.aborted) await build(frame, model as never, rpc, store, signal, host);
    },
  };
}

/** As `widget`, for a view that shares no selection. */
export function lone(
  label: string,
  build: (frame: Frame, model: never, rpc: Rpc, signal: AbortSignal) => unknown,
) {
  return {
    render({ model, el, signal }: Mount): void {
      const rpc = new Rpc(model as never, signal);
      build(createFrame(el, rpc, signal, label), model as never, rpc, signal);
    },
  };
}

/** The frame is as high as the trait `height` says, CSS pixels. */
export function followHeight(frame: Frame, model: AnyModel, signal: AbortSignal): void {
  const size = () => {
    frame.root.style.height = `${model.get("height")}px`;
  };
  size();
  model.on("change:height", size);
  signal.addEventListener("abort", () => model.off("change:height", size), { once: true });
}
