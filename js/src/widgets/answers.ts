/** Form, definition and list of labels, for views that load this script when one of them is opened. */
import { bulk } from "../views/answers/bulk";
import type { Host, Script, Side } from "../views/answers/script";
import { Panel } from "../views/answers/side";
import { Catalog } from "../views/labels/catalog";
import { LabelPicker } from "../views/labels/picker";

export const side = (host: Host): Side => new Panel(host);
export const picker: Script["picker"] = (frame, known, popover, id) =>
  new LabelPicker(frame, "names" in known ? known : new Catalog(known), popover, id);
export { bulk };
