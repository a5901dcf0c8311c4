/** One image with its instances and predictions: nl.Viewer. */
import type { AnyModel } from "@anywidget/types";
import { followHeight, widget } from "../views/mount";
import { Settings } from "../views/viewer/options";
import { Viewer } from "../views/viewer/viewer";

export default widget("Viewer", async (frame, model: AnyModel, rpc, store, signal) => {
  followHeight(frame, model, signal);
  const settings = new Settings(model, signal);
  const viewer = new Viewer(frame, rpc, store, settings, String(model.get("source")), signal, model);
  if (model.get("editing")) await addTools(viewer, model);
});

/** The editor's tools are a separate script, loaded only for editing. */
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
