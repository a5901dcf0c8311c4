// One self-contained bundle per widget: src/widgets/NAME.ts (and NAME.css) -> ../src/nbalabel/static/NAME.js (.css).
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { build, context } from "esbuild";
import { scope } from "./scope.mjs";

const LIMIT = 68 * 1024; // every view carries a copy of its bundle: keep them small
const OUT = new URL("../src/nbalabel/static/", import.meta.url).pathname;
const SOURCE = new URL("src/widgets/", import.meta.url).pathname;

const entryPoints = readdirSync(SOURCE)
  .filter((file) => /\.(ts|css)$/.test(file))
  .map((file) => join(SOURCE, file));

const SCOPED = ["table", "viewer", "scatter", "gallery", "review", "verify"]; // the others name their root in every rule

const scoped = {
  name: "scoped",
  setup: ({ onLoad }) =>
    onLoad({ filter: /src\/widgets\/\w+\.css$/ }, ({ path }) => {
      const name = basename(path, ".css");
      // What views share is scoped to each of them: their own rules would lose against it otherwise.
      const css = readFileSync(path, "utf-8").replace(/@import "(\.\.\/views\/.+?)";/g, (_, shared) =>
        readFileSync(join(path, "..", shared), "utf-8"),
      );
      return { contents: SCOPED.includes(name) ? scope(css, `[data-view="${name}"]`) : css, loader: "css" };
    }),
};

const options = {
  entryPoints,
  outdir: OUT,
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  minify: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  plugins: [scoped],
};

if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
  console.log("watching");
} else {
  await build(options); // writes nothing unless all of it builds
  const made = new Set(entryPoints.map((file) => basename(file).replace(/\.ts$/, ".js")));
  for (const file of readdirSync(OUT))
    if (/\.(js|css)$/.test(file) && !made.has(file)) rmSync(join(OUT, file));
  const sizes = readdirSync(OUT)
    .filter((file) => file.endsWith(".js"))
    .map((file) => [basename(file), statSync(join(OUT, file)).size]);
  console.log(sizes.map(([file, size]) => `${file} ${(size / 1024).toFixed(1)} KB`).join(", "));
  const fat = sizes.filter(([, size]) => size > LIMIT);
  if (fat.length) {
    console.error(`over ${LIMIT / 1024} KB: ${fat.map(([file]) => file).join(", ")}`);
    process.exit(1);
  }
}
