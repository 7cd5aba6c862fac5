import type { SyntaxView } from "./syntax.ts";
import { tokenText, walk } from "./syntax.ts";

/** A node's text without the blanks and comments before its tokens. */
export const plainText = (node: SyntaxView): string =>
  [...walk(node)]
    .filter(({ IsToken }) => IsToken)
    .map(tokenText)
    .join("");

/** The name without brackets and quotes: `['table']` is the name table. */
export const nameText = (node: SyntaxView): string => plainText(node).replace(/^\[(["'])(.*)\1\]$/s, "$2");
