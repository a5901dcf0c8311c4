/** The start of every view: a connection to the kernel, the shared selection, a frame. */
import type { AnyModel, Host } from "@anywidget/types";
import type { SelectionStore } from "../core/rows/selection";
import { connectSelection } from "../wire/connect";
import { Rpc } from "../wire/rpc";
import { createFrame, type Frame } from "./frame";

interface Mount {
  model: AnyModel;
  el: HTMLElement;
  signal: AbortSignal;
  /** Absent in hosts that cannot give a widget access to another one. */
  host?: Host;
}

/** `model` is that of the widget; each view types the traits that it reads. */
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
 * @param label name of the view for screen readers.
 * @param build makes the view; not called if it was closed in the meantime.
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

/** Keep the height of the frame equal to the trait `height`, CSS pixels. */
export function followHeight(frame: Frame, model: AnyModel, signal: AbortSignal): void {
  const size = () => {
    frame.root.style.height = `${model.get("height")}px`;
  };
  size();
  model.on("change:height", size);
  signal.addEventListener("abort", () => model.off("change:height", size), { once: true });
}
