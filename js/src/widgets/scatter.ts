/** Points for the rows of a table: the embedding of a run, or any two columns. */
import type { AnyModel, Host } from "@anywidget/types";
import { createFrame } from "../views/frame";
import { Scatter } from "../views/scatter/scatter";
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
  const frame = createFrame(el, rpc, signal, "Scatter");
  const store = await connectSelection(model as never, host, signal);
  if (!signal.aborted) new Scatter(frame, model as never, rpc, store, signal);
}

export default { render };
