/** Title and controls above a bqplot figure; the figure's colors follow JupyterLab's theme through chart.css. */
import type { AnyModel } from "@anywidget/types";
import { ChartHead } from "../views/chart/head";
import { showStill } from "../views/chart/still";
import { createFrame } from "../views/frame";
import { Rpc } from "../wire/rpc";

function render({ model, el, signal }: { model: AnyModel; el: HTMLElement; signal: AbortSignal }): void {
  const rpc = new Rpc(model as never, signal);
  new ChartHead(createFrame(el, rpc, signal, "Chart"), model as never, rpc, signal);
  showStill(el, model as never, signal);
}

export default { render };
