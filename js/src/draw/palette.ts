/** Colors by name, from the one list that Python and the style sheets read too. */
export {
  absent,
  blue,
  glow,
  green,
  halo,
  neutral,
  orange,
  sky,
  tint,
  vermilion,
  white,
} from "../../../src/nbalabel/core/show/palette.json";
