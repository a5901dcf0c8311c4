/** One image with its labels and predictions: nl.Viewer. */
import type { AnyModel, Host } from "@anywidget/types";
import { createFrame } from "../views/frame";
import { Settings } from "../views/viewer/options";
import { Viewer } from "../views/viewer/viewer";
import { connectSelection } from "../wire/connect";
import { Rpc } from "../wire/rpc";

interface Mount {
  model: AnyModel;
  el: HTMLElement;
  signal: AbortSignal;
  host?: Host;
}

async function render({ model, el, signal, host }: Mount): Promise<void> {
  const rpc = new Rpc(model as never, signal);
  const store = await connectSelection(model as never, host, signal);
  if (signal.aborted) return;
  const frame = createFrame(el, rpc, signal, "Viewer");
  const size = () => {
    frame.root.style.height = `${model.get("height")}px`;
  };
  size();
  model.on("change:height", size);
  signal.addEventListener("abort", () => model.off("change:height", size), { once: true });
  const viewer = new Viewer(
    frame,
    rpc,
    store,
    new Settings(model, signal),
    String(model.get("source")),
    signal,
  );
  if (model.get("editing")) await addTools(viewer, model);
}

/** The editor's tools come as a script of their own: only who edits pays for them. */
async function addTools(viewer: Viewer, model: AnyModel): Promise<void> {
  const address = URL.createObjectURL(new Blob([model.get("_tools")], { type: "text/javascript" }));
  try {
    const { attach } = await import(address);
    if (!viewer.signal.aborted) attach(viewer, model);
  } catch (error) {
    viewer.frame.fail(error);
  } finally {
    URL.revokeObjectURL(address);
  }
}

export default { render };
