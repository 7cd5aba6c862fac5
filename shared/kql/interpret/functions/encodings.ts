import { createHash } from "node:crypto";

import type { Value } from "../../value.ts";
import { textGetter } from "../text-getter.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument } from "./family.ts";

/** A function of the argument's text, whatever its type. */
export const ofText =
  (compute: (given: string) => Value): ScalarFunction =>
  (call) => {
    const given = textGetter(argument(call, 0));
    return (row) => compute(given(row));
  };

const hashed = (algorithm: string): ScalarFunction =>
  ofText((given) => createHash(algorithm).update(given).digest("hex"));

/** Strict, as the service: null where the text is not base64. */
function fromBase64(given: string): Uint8Array | undefined {
  const text = given.trim();
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
    ? Buffer.from(text, "base64")
    : undefined;
}

/** Text of UTF-8 bytes; `''` for invalid UTF-8. */
function decoded(bytes: Uint8Array | undefined): string {
  try {
    return bytes === undefined ? "" : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return "";
    throw error;
  }
}

/** Percent-encoding in lower case, as the service does it. */
const percent = (given: string): string =>
  encodeURIComponent(given.toWellFormed())
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
    .replaceAll(/%[\dA-F]{2}/g, (code) => code.toLowerCase());

/** Percent-decoding; invalid codes stay as they are. */
const unpercent = (given: string): string =>
  given.replaceAll(/(?:%[\da-fA-F]{2})+/g, (codes) => {
    const text = decoded(Buffer.from(codes.replaceAll("%", ""), "hex"));
    return text === "" ? codes : text;
  });

/** Parameters of a URL's query by name, as texts; the last one wins. */
export function queryParameters(query: string): ReadonlyMap<string, Value> {
  const pairs = query.replace(/^\?/, "").split("&").filter(Boolean);
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

export const ENCODINGS: Family = [
  ["hash_md5", hashed("md5")],
  ["hash_sha1", hashed("sha1")],
  ["hash_sha256", hashed("sha256")],
  ["base64_encode_tostring", ofText((given) => Buffer.from(given, "utf8").toString("base64"))],
  ["base64_decode_tostring", ofText((given) => decoded(fromBase64(given)))],
  [
    "base64_decode_toarray",
    ofText((given) => {
      const bytes = fromBase64(given);
      return bytes === undefined ? null : [...bytes];
    }),
  ],
  ["url_encode", ofText((given) => percent(given).replaceAll("%20", "+"))],
  ["url_encode_component", ofText(percent)],
  ["url_decode", ofText((given) => unpercent(given.replaceAll("+", " ")))],
  ["parse_urlquery", ofText((given) => new Map([["Query Parameters", queryParameters(given)]]))],
  ["isascii", ofText((given) => /^[\0-\u007f]*$/.test(given))],
  [
    "tohex",
    (call) => {
      const { get } = argument(call, 0);
      const width = call.args[1]?.get;
      return (row) => {
        const value = get(row);
        if (typeof value !== "number" && typeof value !== "bigint") return "";
        const digits = BigInt.asUintN(64, BigInt(value)).toString(16);
        const wanted = width?.(row);
        return typeof wanted === "number" ? digits.padStart(Math.min(wanted, 16), "0") : digits;
      };
    },
  ],
];
