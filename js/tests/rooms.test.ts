/** The rooms of `src`, held by reading every import, also those of types alone. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../src");
/** A room imports only from rooms before it. */
const ORDER = [
  "core",
  "core/rows",
  "core/space",
  "core/masks",
  "core/values",
  "core/asking",
  "core/edit",
  "tools",
  "draw",
  "wire",
  "views",
  "views/bar",
  "views/chart",
  "views/augment",
  "views/beside",
  "views/labels",
  "views/answers",
  "views/rows",
  "views/viewer",
  "views/edit",
  "views/review",
  "views/verify",
  "views/work",
  "views/scatter",
  "views/table",
  "views/gallery",
  "widgets",
];
const MANY = 18; // files of a folder; more become rooms of their own

const files = readdirSync(ROOT, { recursive: true, encoding: "utf-8" }).filter((file) =>
  file.endsWith(".ts"),
);
const modules = new Set(files.map((file) => file.slice(0, -3)));

function imports(module: string): string[] {
  const text = readFileSync(join(ROOT, `${module}.ts`), "utf-8");
  const found = [...text.matchAll(/(?:from|import) ?\(?"(\.[^"]+)"/g)].map((match) => match[1]);
  return found.map((path) => normalize(join(dirname(module), path))).filter((path) => modules.has(path));
}

const room = (module: string) => dirname(module);

test("every room is in the order, and none is crowded", () => {
  expect([...new Set([...modules].map(room))].sort()).toEqual([...ORDER].sort());
  for (const one of ORDER)
    expect([...modules].filter((m) => room(m) === one).length).toBeLessThanOrEqual(MANY);
});

test("a room imports only from rooms before it", () => {
  const wrong = [...modules].flatMap((module) =>
    imports(module)
      .filter((other) => ORDER.indexOf(room(other)) > ORDER.indexOf(room(module)))
      .map((other) => `${module} -> ${other}`),
  );
  expect(wrong).toEqual([]);
});

test("no module imports itself by a detour", () => {
  const done = new Set<string>();
  const visit = (module: string, way: string[]) => {
    expect(way, relative(".", [...way, module].join(" -> "))).not.toContain(module);
    if (done.has(module)) return;
    for (const other of imports(module)) visit(other, [...way, module]);
    done.add(module);
  };
  for (const module of modules) visit(module, []);
});
