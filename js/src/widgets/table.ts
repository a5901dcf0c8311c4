/** A table of a workspace: images, instances or predictions. */
import { widget } from "../views/mount";
import { Table } from "../views/table/table";

export default widget(
  "Table",
  (frame, model, rpc, store, signal) => new Table(frame, model, rpc, store, signal),
);
