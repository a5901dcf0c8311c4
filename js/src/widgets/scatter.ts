/** One point per row, up to a million: nl.Scatter. */
import { followHeight, widget } from "../views/mount";
import { Scatter } from "../views/scatter/scatter";

export default widget("Scatter", (frame, model, rpc, store, signal) => {
  followHeight(frame, model, signal);
  new Scatter(frame, model, rpc, store, signal);
});
