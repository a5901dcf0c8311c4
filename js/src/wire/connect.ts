/** Connects a view to the shared selection: the store of the headless Selection widget, or a synchronized copy. */
import type { Host } from "@anywidget/types";
import { SelectionStore } from "../core/rows/selection";
import type { Channel } from "./rpc";
import { SelectionSync } from "./selection_sync";

export interface SelectionExports {
  store: SelectionStore;
}

interface Model extends Channel {
  get(name: string): unknown;
}

/**
 * If the host gives access to other widgets (JupyterLab), all views on the page share one store, and brushing needs
 * no message at all. Elsewhere each view has its own store, synchronized through its channel and the kernel.
 */
export async function connectSelection(
  model: Model,
  host: Host | undefined,
  signal: AbortSignal,
): Promise<SelectionStore> {
  if (host?.getWidget) {
    try {
      const { exports } = await host.getWidget<SelectionExports>(String(model.get("selection")));
      if (exports?.store) return exports.store;
    } catch (error) {
      console.info("nbalabel: linking through the kernel", error);
    }
  }
  const store = new SelectionStore();
  new SelectionSync(store, model, signal);
  return store;
}
