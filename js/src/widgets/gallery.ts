/** Tiles of images, instances or predictions: nl.Gallery. */
import { Gallery } from "../views/gallery/gallery";
import { widget } from "../views/mount";

export default widget(
  "Gallery",
  (frame, model, rpc, store, signal) => new Gallery(frame, model, rpc, store, signal),
);
