/** One mask at a time: nl.Review. */
import type { AnyModel, Host } from "@anywidget/types";
import { createFrame } from "../views/frame";
import type { Model } from "../views/review/items";
import { Review } from "../views/review/review";
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
  const frame = createFrame(el, rpc, signal, "Review");
  const store = await connectSelection(model as never, host, signal);
  if (!signal.aborted) new Review(frame, model as unknown as Model, rpc, store, signal, host);
}

export default { render };
