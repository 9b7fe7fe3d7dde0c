/** A strict reader of small XML documents, for tests: throws where the text is not well formed. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&quot;": '"',
  "&apos;": "'",
};

function decode(text: string): string {
  return text.replace(/&[^;]*;?/g, (entity) => {
    const known = ENTITIES[entity];
    if (known === undefined) throw new Error(`unknown entity ${entity}`);
    return known;
  });
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  let rest = text;
  while (rest.trim() !== "") {
    const match = /^\s+([A-Za-z_][\w.-]*)="([^"<]*)"/.exec(rest);
    if (match === null) throw new Error(`not an attribute: ${rest.slice(0, 40)}`);
    if (match[1] in found) throw new Error(`attribute ${match[1]} twice`);
    found[match[1]] = decode(match[2]);
    rest = rest.slice(match[0].length);
  }
  return found;
}

/** Parses a document with one root element. */
export function parseXml(source: string): XmlElement {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(source)) {
    throw new Error("a character that XML 1.0 forbids");
  }
  type Open = { name: string; attributes: Record<string, string>; children: Open[]; text: string };
  const root: Open = { name: "", attributes: {}, children: [], text: "" };
  const stack = [root];
  const body = source.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>/, "");
  for (const [token] of body.matchAll(/<[^>]*>|[^<]+/g)) {
    const top = stack[stack.length - 1];
    if (!token.startsWith("<")) {
      top.text += decode(token);
    } else if (token.startsWith("</")) {
      if (token !== `</${top.name}>`) throw new Error(`${token} closes ${top.name}`);
      stack.pop();
    } else {
      const match = /^<([A-Za-z_][\w.-]*)((?:\s[^]*?)?)(\/?)>$/.exec(token);
      if (match === null) throw new Error(`not a tag: ${token}`);
      const element: Open = {
        name: match[1],
        attributes: attributesOf(match[2]),
        children: [],
        text: "",
      };
      top.children.push(element);
      if (match[3] === "") stack.push(element);
    }
  }
  if (stack.length !== 1) throw new Error(`${stack[stack.length - 1].name} is not closed`);
  if (root.children.length !== 1 || root.text.trim() !== "") {
    throw new Error("not one root element");
  }
  return root.children[0];
}
