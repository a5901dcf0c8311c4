/** A table of a workspace: images, instances or predictions. */
import type { AnyModel, Host } from "@anywidget/types";
import { createFrame } from "../views/frame";
import { Table } from "../views/table/table";
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
  const frame = createFrame(el, rpc, signal, "Table");
  const store = await connectSelection(model as never, host, signal);
  if (!signal.aborted) new Table(frame, model as never, rpc, store, signal);
}

export default { render };
