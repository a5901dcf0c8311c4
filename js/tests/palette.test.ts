import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import palette from "../../src/nbalabel/core/show/palette.json";

const ROOT = join(import.meta.dirname, "../src");
const files = readdirSync(ROOT, { recursive: true, encoding: "utf-8" });
const read = (file: string) => readFileSync(join(ROOT, file), "utf-8");
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*|url\("[^"]*"\)/g;

test("no color is written outside of the palette", () => {
  const raw = /["' ]#[0-9a-f]{3,8}\b|\brgba?\(\d/i;
  const found = files
    .filter((file) => /\.(ts|css)$/.test(file))
    .flatMap((file) => (raw.exec(read(file).replace(COMMENT, "")) ? [file] : []));
  expect(found).toEqual([]);
});

test("style sheets use colors that are there", () => {
  const sheets = files.filter((file) => file.endsWith(".css")).map(read);
  const css = sheets.join("\n");
  const known = new Set(Object.keys(palette).map((name) => `--nbl-${name.replaceAll("_", "-")}`));
  for (const [, name] of css.matchAll(/(--nbl-[\w-]+):/g)) known.add(name);
  for (const text of files.filter((file) => file.endsWith(".ts")).map(read))
    for (const [name] of text.matchAll(/--nbl-[\w-]+/g)) known.add(name);
  const unknown = [...css.matchAll(/var\((--nbl-[\w-]+)/g)].map(([, name]) => name);
  expect(unknown.filter((name) => !known.has(name))).toEqual([]);
});
