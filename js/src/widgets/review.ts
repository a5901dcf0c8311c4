/** One mask at a time: nl.Review. */
import { widget } from "../views/mount";
import { Review } from "../views/review/review";

export default widget(
  "Review",
  (frame, model, rpc, store, signal, host) => new Review(frame, model, rpc, store, signal, host),
);
