// One self-contained bundle per widget: src/widgets/NAME.ts (and NAME.css) -> ../src/nbalabel/static/NAME.js (.css).
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build, context } from "esbuild";

const LIMIT = 76 * 1024; // every view carries a copy of its bundle: keep them small
const OUT = new URL("../src/nbalabel/static/", import.meta.url).pathname;
const PALETTE = new URL("../src/nbalabel/core/show/palette.json", import.meta.url).pathname;
const SOURCE = new URL("src/widgets/", import.meta.url).pathname;

const entryPoints = readdirSync(SOURCE)
  .filter((file) => /\.(ts|css)$/.test(file))
  .map((file) => join(SOURCE, file));

// The colors of palette.json, as variables.
const colors = {
  name: "colors",
  setup: ({ onLoad }) =>
    onLoad({ filter: /draw\/theme\.css$/ }, ({ path }) => {
      const named = Object.entries(JSON.parse(readFileSync(PALETTE, "utf-8")));
      const variables = named.map(([name, color]) => `--nbl-${name.replaceAll("_", "-")}: ${color};`);
      const css = `:is(.nbl, .nbl-chart) { ${variables.join(" ")} }\n${readFileSync(path, "utf-8")}`;
      return { contents: css, loader: "css", resolveDir: dirname(path) };
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
  plugins: [colors],
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
