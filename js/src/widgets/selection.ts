/** The headless Selection: no view, one store that all views of a workspace share. */
import type { AnyModel } from "@anywidget/types";
import { SelectionStore } from "../core/rows/selection";
import type { SelectionExports } from "../wire/connect";
import { SelectionSync } from "../wire/selection_sync";

function initialize({ model, signal }: { model: AnyModel; signal: AbortSignal }): SelectionExports {
  const store = new SelectionStore();
  new SelectionSync(store, model as never, signal);
  return { store };
}

export default { initialize };
