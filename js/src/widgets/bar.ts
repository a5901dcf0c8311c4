/** The strip of a workspace: the selection of each view. */
import { Bar } from "../views/bar/bar";
import { widget } from "../views/mount";

export default widget("Selection", (frame, _, rpc, store, signal) => new Bar(frame, rpc, store, signal));
