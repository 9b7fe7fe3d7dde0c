import { PlaceError } from "./place_error.ts";

/** An element with its attributes, its own text (trimmed) and its children in order. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface Open {
  name: string;
  attributes: Record<string, string>;
  text: string;
  children: XmlElement[];
  line: number;
}

const TOKEN = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<(\/?)([^\s<>/]+)([^<>]*?)(\/?)>/g;
const ATTRIBUTE = /([^\s=]+)\s*=\s*"([^"]*)"|([^\s=]+)\s*=\s*'([^']*)'/g;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/** Only the five named entities and character numbers: a document type of its own is never expanded. */
function decode(text: string): string {
  return text.replace(/&(#x?[0-9a-fA-F]+|[a-z]+);/g, (whole, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name] ?? whole;
    const code = name[1] === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Counts lines on the way: positions must not go back. */
function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let next = text.indexOf("\n");
  return (position) => {
    for (; next >= 0 && next < position; next = text.indexOf("\n", next + 1)) line++;
    return line;
  };
}

/**
 * The root elements of a text: monitoring tools in loop mode print one document after the other, each with or
 * without a prolog. This is the part of XML that `nvidia-smi -q -x` and NCCL write; there is no DTD, no
 * name space and no external entity, so that a hostile file can do nothing but be refused.
 *
 * @throws {PlaceError} for an element that is not closed, or closed in the wrong order.
 */
export function parseXml(text: string): XmlElement[] {
  const roots: XmlElement[] = [];
  const stack: Open[] = [];
  let end = 0;
  const lineAt = lineCounter(text);
  const addText = (upTo: number) => {
    const between = text.slice(end, upTo);
    const top = stack.at(-1);
    if (top !== undefined) top.text += between;
    else if (between.trim() !== "") {
      throw new PlaceError(
        lineAt(upTo),
        1,
        `text outside of every element: "${between.trim().slice(0, 60)}"`,
        "cut the file to the XML document",
      );
    }
  };
  const close = (open: Open) => {
    const { name, attributes, children } = open;
    const element = { name, attributes, text: decode(open.text).trim(), children };
    const parent = stack.at(-1);
    if (parent === undefined) roots.push(element);
    else parent.children.push(element);
  };
  for (const match of text.matchAll(TOKEN)) {
    addText(match.index);
    end = match.index + match[0].length;
    const [, slash, name, rest, selfClosing] = match;
    if (name === undefined) continue;
    if (slash === "/") {
      const open = stack.pop();
      if (open === undefined || open.name !== name) {
        throw new PlaceError(
          lineAt(match.index),
          1,
          open === undefined
            ? `</${name}> closes nothing`
            : `expected </${open.name}> (opened in line ${open.line}), found </${name}>`,
        );
      }
      close(open);
      continue;
    }
    const attributes: Record<string, string> = {};
    for (const a of rest.matchAll(ATTRIBUTE)) attributes[a[1] ?? a[3]] = decode(a[2] ?? a[4]);
    const open: Open = { name, attributes, text: "", children: [], line: lineAt(match.index) };
    if (selfClosing === "/") close(open);
    else stack.push(open);
  }
  const left = stack.at(-1);
  if (left !== undefined) {
    throw new PlaceError(
      lineAt(text.length),
      1,
      `the document ends inside <${left.name}> (opened in line ${left.line}): it is cut short`,
      "record it again",
    );
  }
  addText(text.length);
  return roots;
}

/** The first child of a name, or undefined. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}
