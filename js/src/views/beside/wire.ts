/** What the kernel says of an image: files without their contents, and contents one by one. */

export interface Item {
  id: number;
  kind: string;
  name: string;
  opacity: number;
  /** Of the file of a video; null where that is not known. */
  bytes: number | null;
}

export interface Listed {
  image: number;
  items: Item[];
  /** Whether anything is attached to any image. */
  any: boolean;
  /** Whether there is a function that makes widgets. */
  custom: boolean;
  guidelines: string;
  /** Whether to show the guidelines before anything else. */
  introduce: boolean;
}

export interface Content {
  id: number;
  text?: string;
  /** Whether the end of the text was left out. */
  cut?: boolean;
  mime?: string;
  /** Of the file of a layer, pixels. */
  size?: [number, number];
  /** Whether a layer has the size of its image. */
  fits?: boolean;
  /** Numbers at both ends of the colors; null where the file has colors of its own. */
  low?: number | null;
  high?: number | null;
  /** Colors from the lowest to the highest number. */
  ramp?: string[];
}

export interface OwnWidget {
  /** Id of the model of a widget; "" for none. */
  model: string;
  text: string;
  problem: string;
}
