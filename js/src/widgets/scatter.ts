/** Points for rows, a million of them: nl.Scatter. */
import type { AnyModel, Host } from "@anywidget/types";
import { createFrame } from "../views/frame";
import { Scatter } from "../views/scatter/scatter";
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
  const frame = createFrame(el, rpc, signal, "Scatter");
  const store = await connectSelection(model as never, host, signal);
  if (signal.aborted) return;
  const size = () => {
    frame.root.style.height = `${model.get("height")}px`;
  };
  size();
  model.on("change:height", size);
  signal.addEventListener("abort", () => model.off("change:height", size), { once: true });
  new Scatter(frame, model as never, rpc, store, signal);
}

export default { render };
