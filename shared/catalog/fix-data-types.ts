/**
 * Fixes a known fault of published RMM detections: `dataTypes` stands under the dash of `- connectorId`, which YAML refuses (or,
 * without any indentation, takes for a key of the file). Returns the fixed text and the lines (from 1) that changed.
 */
export function fixDataTypes(text: string): { readonly fixed: string; readonly lines: readonly number[] } {
  const lines: number[] = [];
  let dash: string | undefined;
  let shifting: string | undefined;
  const fixed = text.split("\n").map((line, index) => {
    const connector = /^( *)- *connectorId:/.exec(line);
    if (connector) dash = connector[1];
    else if (dash !== undefined && line.startsWith(`${dash}dataTypes:`)) {
      lines.push(index + 1);
      shifting = dash;
      return `  ${line}`;
    } else if (shifting !== undefined && isBelow(line, shifting)) return `  ${line}`;
    shifting = undefined;
    return line;
  });
  return lines.length === 0 ? { fixed: text, lines } : { fixed: fixed.join("\n"), lines };
}

/** A list entry at the key's column or deeper. */
const isBelow = (line: string, indentation: string): boolean =>
  line.startsWith(`${indentation} `) || (line.startsWith(`${indentation}- `) && !line.includes("connectorId:"));
