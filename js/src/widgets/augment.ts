/** The batches that a training draws: nl.Augmentations. */
import { Augment } from "../views/augment/augment";
import { lone } from "../views/mount";

export default lone("Augmentations", (frame, model, rpc, signal) => new Augment(frame, model, rpc, signal));
