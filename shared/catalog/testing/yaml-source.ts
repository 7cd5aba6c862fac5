import type { Document } from "yaml";
import { LineCounter, isMap, isNode, isScalar, parseDocument, visit } from "yaml";
import type { Position } from "../../kql/language.ts";

/** A YAML text's content with the places of its parts. Whole numbers are bigint: ids beyond 2^53 keep their digits. */
export interface YamlSource {
  readonly content: unknown;
  /** Of the value at the path, or of the nearest part around it that is there. */
  readonly at: (path: readonly PropertyKey[]) => Position;
  /** Of the key that the path ends with. */
  readonly keyAt: (path: readonly PropertyKey[]) => Position;
}

export type ReadYaml = YamlSource | { readonly problems: readonly (Position & { readonly message: string })[] };

export function readYaml(source: string): ReadYaml {
  const text = source.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n");
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, intAsBigInt: true });
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  // What follows the first error comes of it as a rule: one bracket that is missing gives dozens.
  const [first] = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
  if (first !== undefined)
    return {
      problems: [
        {
          ...position(first.pos[0]),
          message: `not valid YAML: ${first.message.replace(/ at line \d+, column \d+:[\s\S]*$/, "")}`,
        },
      ],
    };
  try {
    return {
      content: document.toJS(),
      at: (path) => position(offsetOf(document, path)),
      keyAt: (path) => position(keyOffset(document, path)),
    };
  } catch (error) {
    // An alias without its anchor, or so many that they would fill the memory, shows only here.
    if (error instanceof ReferenceError)
      return { problems: [{ ...position(danglingAlias(document)), message: `not valid YAML: ${error.message}` }] };
    throw error;
  }
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number {
  const around = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const pair = isMap(around)
    ? around.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
    : undefined;
  return isScalar(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}

/** Of the first alias without an anchor; the beginning where each has one. */
function danglingAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}
