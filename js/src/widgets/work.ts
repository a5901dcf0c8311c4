/** The line above the work of an annotator: nl.Work. */
import { lone } from "../views/mount";
import { Work } from "../views/work/work";

export default lone("Work", (frame, model, rpc, signal) => new Work(frame, model, rpc, signal));
