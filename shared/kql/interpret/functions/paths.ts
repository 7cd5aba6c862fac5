import type { Value } from "../../value.ts";
import { ofText, queryParameters } from "./encodings.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { fail } from "../scope.ts";
import { text, variadic } from "./family.ts";

const URL_PARTS =
  /^(?:([A-Za-z][\w+.-]*):\/\/)(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?(?:#(.*))?$/s;

/** Parts of an absolute URL, in the order of the "parse_url()" page; `''` for a missing part; null for a text that is no URL. */
function parseUrl(given: string): Value {
  const found = URL_PARTS.exec(given.trim());
  if (found === null) return null;
  const [, scheme = "", user = "", password = "", host = "", port = "", path = "", query = "", fragment = ""] = found;
  return new Map<string, Value>([
    ["Scheme", scheme],
    ["Host", host],
    ["Port", port],
    ["Path", path],
    ["Username", user],
    ["Password", password],
    ["Query Parameters", queryParameters(query)],
    ["Fragment", fragment],
  ]);
}

const FILE_SCHEME = /^([A-Za-z][\w+.-]+):\/\/(\/?)/;

/** Parts of a file's path, in the order and with the separators of the "parse_path()" page. */
function parsePath(given: string): Value {
  const scheme = FILE_SCHEME.exec(given);
  const path = given.slice(scheme === null ? 0 : scheme[0].length - (scheme[2]?.length ?? 0));
  const root = /^(?:\\\\\?\\)?([A-Za-z]:)/.exec(path)?.[1] ?? "";
  const start = root === "" ? 0 : path.indexOf(root) + root.length;
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const name = path.slice(Math.max(cut + 1, start));
  const colon = name.indexOf(":");
  const file = colon === -1 ? name : name.slice(0, colon);
  const dot = file.lastIndexOf(".");
  const directory = cut === -1 ? root : path.slice(0, cut);
  return new Map<string, Value>([
    ["Scheme", scheme?.[1] ?? ""],
    ["RootPath", root],
    ["DirectoryPath", directory],
    ["DirectoryName", directory.slice(Math.max(directory.lastIndexOf("/"), directory.lastIndexOf("\\")) + 1)],
    ["Filename", file],
    ["Extension", dot === -1 ? "" : file.slice(dot + 1)],
    ["AlternateDataStreamName", colon === -1 ? "" : name.slice(colon + 1)],
  ]);
}

/**
 * Splits a command line as Windows does: quotes keep blanks together; backslashes are literal unless a quote follows (then two make
 * one, and an odd one escapes the quote); two quotes inside quotes make one.
 * Source: "CommandLineToArgvW" of the Windows documentation, to which the page of parse_command_line() refers.
 */
function windowsArguments(line: string): string[] {
  const found: string[] = [];
  let current: string | undefined;
  let quoted = false;
  const token = /(\\+)(")?|""|"|[ \t]+|[^\\" \t]+/g;
  for (const match of line.matchAll(token)) {
    const [whole, slashes, quote] = match;
    if (slashes !== undefined) {
      current = (current ?? "") + (quote === undefined ? slashes : "\\".repeat(slashes.length >> 1));
      if (quote !== undefined && slashes.length % 2 === 1) current += '"';
      else if (quote !== undefined) quoted = !quoted;
    } else if (whole === '""') {
      current = (current ?? "") + (quoted ? '"' : "");
    } else if (whole === '"') {
      current ??= "";
      quoted = !quoted;
    } else if (quoted || !/^[ \t]/.test(whole)) {
      current = (current ?? "") + whole;
    } else if (current !== undefined) {
      found.push(current);
      current = undefined;
    }
  }
  return current === undefined ? found : [...found, current];
}

const parseCommandLine: ScalarFunction = (call) =>
  variadic(([line, kind]) =>
    text(kind).toLowerCase() === "windows"
      ? text(line) === ""
        ? null
        : windowsArguments(text(line))
      : fail(call.scope, `parse_command_line() knows "windows" alone, not ${JSON.stringify(text(kind))}`, call.node),
  )(call);

/** Values of the first record of a CSV text (RFC 4180). */
function parseCsv(given: string): Value {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/y;
  for (let at = 0; at <= given.length; at = field.lastIndex) {
    field.lastIndex = at;
    const found = field.exec(given);
    if (found === null) return [...fields, given.slice(at)];
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] !== ",") break;
  }
  return fields;
}

export const PATHS: Family = [
  ["parse_url", ofText(parseUrl)],
  ["parse_path", ofText(parsePath)],
  ["parse_command_line", parseCommandLine],
  ["parse_csv", ofText(parseCsv)],
];
