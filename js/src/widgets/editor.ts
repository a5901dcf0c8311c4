/** The tools of nl.Editor, for a viewer with editing switched on, which imports this script and calls `attach`. */
import type { AnyModel } from "@anywidget/types";
import { Editor } from "../views/edit/editor";
import type { Viewer } from "../views/viewer/viewer";

export function attach(viewer: Viewer, model: AnyModel): void {
  viewer.stage.tools = new Editor(viewer, model);
  viewer.restyle();
}
