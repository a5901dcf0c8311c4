/** A text as elements: headings, lists and lines. Nothing in it is HTML. */
import { h } from "../../draw/dom";

const HEADING = /^(#{1,3})\s+(.*)$/;
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d{1,3}[.)]\s+(.*)$/;

/** Lines that begin with "#" become headings, with "-" or "1." lists; the others stay lines, parted at empty ones. */
export function plain(text: string): HTMLElement {
  const root = h("div.nbl-plain");
  let list: HTMLUListElement | HTMLOListElement | null = null;
  let paragraph: HTMLElement | null = null;
  for (const line of text.split("\n")) {
    const heading = HEADING.exec(line);
    const item = BULLET.exec(line) ?? NUMBER.exec(line);
    if (item) {
      const tag = BULLET.test(line) ? "ul" : "ol";
      const same: boolean = list?.localName === tag;
      if (!list || !same) {
        list = h(tag);
        root.append(list);
      }
      list.append(h("li", {}, item[1]));
      paragraph = null;
      continue;
    }
    list = null;
    if (heading) {
      root.append(h(`h${heading[1].length + 2}` as "h3", {}, heading[2]));
      paragraph = null;
    } else if (!line.trim()) paragraph = null;
    else if (paragraph) paragraph.append(`\n${line}`);
    else {
      paragraph = h("p", {}, line);
      root.append(paragraph);
    }
  }
  return root;
}
