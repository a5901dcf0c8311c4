/** Tiles of images, instances or predictions: nl.Gallery. */
import type { AnyModel, Host } from "@anywidget/types";
import { createFrame } from "../views/frame";
import { Gallery } from "../views/gallery/gallery";
import { connectSelection } from "../wire/connect";
import { Rpc } from "../wire/rpc";

interface Context {
  model: AnyModel;
  el: HTMLElement;
  signal: AbortSignal;
  host: Host;
}

async function render({ model, el, signal, host }: Context): Promise<void> {
  const rpc = new Rpc(model as never, signal);
  const frame = createFrame(el, rpc, signal, "Gallery");
  const store = await connectSelection(model as never, host, signal);
  if (!signal.aborted) new Gallery(frame, model as never, rpc, store, signal);
}

export default { render };
