/** What the tests of pages read of a Markdown page, as GitHub renders it. */
export interface MarkdownPage {
  /** Path in the repository. */
  readonly file: string;
  readonly lines: readonly string[];
  /** Names that `#…` can lead to. */
  readonly anchors: ReadonlySet<string>;
  /** Targets of links and images, as they stand there. */
  readonly links: readonly string[];
  /** Text in backticks, outside of code blocks. */
  readonly codeSpans: readonly string[];
  /** Lines of code blocks. */
  readonly codeLines: readonly string[];
}

const FENCE = /^\s*(`{3,}|~{3,})/;
const CODE_SPAN = /(`+)(?!`)(.+?)(?<!`)\1(?!`)/g;
const INLINE_LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const REFERENCE = /^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/;
const HTML_TARGET = /<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)="([^"]+)"/g;
const HTML_ANCHOR = /<[a-z]+\b[^>]*?\b(?:id|name)="([^"]+)"/g;

export function readPage(file: string, text: string): MarkdownPage {
  const { prose, code } = splitFences(text.split("\n"));
  const bare = prose.map((line) => line.replaceAll(CODE_SPAN, " "));
  return {
    file,
    lines: text.replace(/\n$/, "").split("\n"),
    anchors: new Set([...headingAnchors(prose), ...bare.flatMap((line) => groups(line, HTML_ANCHOR))]),
    links: bare.flatMap((line) => [
      ...groups(line, INLINE_LINK),
      ...groups(line, HTML_TARGET),
      ...(REFERENCE.exec(line)?.slice(1, 2) ?? []),
    ]),
    codeSpans: prose.flatMap((line) => [...line.matchAll(CODE_SPAN)].map(([, , inside]) => String(inside).trim())),
    codeLines: code,
  };
}

/** A block ends at a fence of the same kind that is at least as long. */
function splitFences(lines: readonly string[]): {
  readonly prose: readonly string[];
  readonly code: readonly string[];
} {
  const prose: string[] = [];
  const code: string[] = [];
  let open: string | undefined;
  for (const line of lines) {
    const fence = FENCE.exec(line)?.[1];
    if (open === undefined) {
      if (fence === undefined) prose.push(line);
      else open = fence;
    } else if (fence !== undefined && fence.startsWith(open) && line.trim() === fence) open = undefined;
    else code.push(line);
  }
  return { prose, code };
}

/** GitHub's names for headings: a repeated one gets -1, -2, … */
function headingAnchors(prose: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return prose.flatMap((line) => {
    const heading = /^#{1,6}\s+(.*?)(?:\s+#+)?\s*$/.exec(line)?.[1];
    if (heading === undefined) return [];
    const slug = slugOf(heading);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return [times === 0 ? slug : `${slug}-${times}`];
  });
}

/** Lower-case, letters, digits, `-` and `_`; each space is a `-`. The marks of Markdown are not part of it. */
export const slugOf = (heading: string): string =>
  heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll("`", "")
    .replaceAll(/(?<!\w)(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)/g, "$2")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "")
    .replaceAll(" ", "-");

const groups = (line: string, pattern: RegExp): readonly string[] =>
  [...line.matchAll(pattern)].map(([, group]) => String(group));
