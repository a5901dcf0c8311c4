/** The strip of a workspace: what is selected and by whom. */
import type { AnyModel, Host } from "@anywidget/types";
import { Bar } from "../views/bar/bar";
import { createFrame } from "../views/frame";
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
  const frame = createFrame(el, rpc, signal, "Selection");
  const store = await connectSelection(model as never, host, signal);
  if (!signal.aborted) new Bar(frame, rpc, store, signal);
}

export default { render };
