/** A few masks of a cluster, answered yes or no: nl.Verify. */
import { lone } from "../views/mount";
import { Verify } from "../views/verify/verify";

export default lone("Verify", (frame, model, rpc, signal) => new Verify(frame, model, rpc, signal));
