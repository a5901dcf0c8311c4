import { expect, test } from "vitest";
// @ts-expect-error a plain script of the build
import { scope } from "../scope.mjs";

const scoped = (css: string) => (scope(css, ".v") as string).replace(/\s+/g, " ").trim();

test("the subject of every selector must lie in the view", () => {
  expect(scoped(".a, .b > .c:hover { color: red; }")).toBe(
    ".a:is(.v, .v *), .b > .c:hover:is(.v, .v *){ color: red; }",
  );
});

test("pseudo-elements stay at the end", () => {
  expect(scoped(".a:hover::before { top: 0 }")).toBe(".a:hover:is(.v, .v *)::before{ top: 0 }");
});

test("commas in parentheses do not part selectors", () => {
  expect(scoped(".a:not(.b, .c) { top: 0 }")).toBe(".a:not(.b, .c):is(.v, .v *){ top: 0 }");
});

test("imports, media queries and key frames keep their heads", () => {
  expect(scoped('@import "x.css"; @media print { .a { top: 0 } }')).toBe(
    '@import "x.css"; @media print {.a:is(.v, .v *){ top: 0 } }',
  );
  expect(scoped("@keyframes turn { to { top: 0 } }")).toBe("@keyframes turn { to { top: 0 } }");
});

test("what is in a data URL is no style", () => {
  const rule = '.a { mask: url("data:image/svg+xml,{;}"); }';
  expect(scoped(rule)).toBe('.a:is(.v, .v *){ mask: url("data:image/svg+xml,{;}"); }');
});
