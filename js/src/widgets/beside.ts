/** The panel beside a picture, for a view that has something to show there; it imports this script and calls `attach`. */
import type { Follows, Place } from "../views/beside/beside";
import { Panel } from "../views/beside/panel";

export function attach(place: Place): Follows {
  return new Panel(place);
}
