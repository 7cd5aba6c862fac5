/**
 * Published RMM detections have `dataTypes` under the dash of `- connectorId`, which YAML refuses (or, without any indentation,
 * takes for a key of the file). The text with that mended, and the lines (from 1) where it was.
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

/** An entry of the list, at the key's own column or deeper. */
const isBelow = (line: string, indentation: string): boolean =>
  line.startsWith(`${indentation} `) || (line.startsWith(`${indentation}- `) && !line.includes("connectorId:"));
