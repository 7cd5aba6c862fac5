import type { Value } from "../../value.ts";
import { isList } from "../../value.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { number, text, variadic } from "./family.ts";

/** IPv4 addresses, with or without a prefix: `192.168.1.0/24`. Source: "IPv4 functions" of the Kusto documentation. */
interface Address {
  /** Unsigned 32 bits. */
  readonly bits: number;
  readonly prefix: number;
}

const ADDRESS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/;

function parse(value: Value | undefined): Address | undefined {
  const found = ADDRESS.exec(text(value).trim());
  if (found === null) return undefined;
  const [bytes, prefix] = [found.slice(1, 5).map(Number), Number(found[5] ?? 32)];
  if (bytes.some((byte) => byte > 255) || prefix > 32) return undefined;
  return { bits: bytes.reduce((bits, byte) => bits * 256 + byte, 0), prefix };
}

/** The address with the bits beyond the prefix set to 0. */
function masked(bits: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  return Math.floor(bits / size) * size;
}

const spelled = (bits: number): string => [24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) % 256).join(".");

const inRange = (address: Address, range: Address): boolean =>
  masked(address.bits, range.prefix) === masked(range.bits, range.prefix);

/** Compares two addresses under the shortest of the prefixes: -1, 0 or 1; null where one is no address. */
function compared(first: Value | undefined, second: Value | undefined, given: Value | undefined): number | null {
  const [left, right] = [parse(first), parse(second)];
  if (left === undefined || right === undefined) return null;
  const prefix = Math.min(left.prefix, right.prefix, number(given) ?? 32);
  return Math.sign(masked(left.bits, prefix) - masked(right.bits, prefix));
}

/** Private ranges of RFC 1918. */
const PRIVATE: readonly Address[] = [
  { bits: 0x0a_00_00_00, prefix: 8 },
  { bits: 0xac_10_00_00, prefix: 12 },
  { bits: 0xc0_a8_00_00, prefix: 16 },
];

const ranges = (values: readonly Value[]): (Address | undefined)[] =>
  values.flatMap((value) => (isList(value) ? value.map(parse) : [parse(value)]));

/** Null where the address is invalid, or all ranges are. */
const inAnyRange: ScalarFunction = variadic(([address, ...others]) => {
  const found = parse(address);
  const known = ranges(others).filter((range) => range !== undefined);
  if (found === undefined || known.length === 0) return null;
  return known.some((range) => inRange(found, range));
});

/** Whether the text contains the address, not adjacent to letters or digits. */
const hasAddress: ScalarFunction = variadic(([source, ...sought]) => {
  const wanted = new Set(
    sought
      .flatMap((item): readonly Value[] => (isList(item) ? item : [item]))
      .filter((item) => parse(item) !== undefined && !text(item).includes("/")),
  );
  const present = text(source).match(/(?<![\p{L}\p{N}.])\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}]|\.\d)/gu) ?? [];
  return present.some((item) => wanted.has(item));
});

export const ADDRESSES: Family = [
  ["ipv4_compare", variadic(([first, second, prefix]) => compared(first, second, prefix))],
  [
    "ipv4_is_match",
    variadic(([first, second, prefix]) => {
      const found = compared(first, second, prefix);
      return found === null ? null : found === 0;
    }),
  ],
  [
    "ipv4_is_in_range",
    variadic(([address, range]) => {
      const [found, within] = [parse(address), parse(range)];
      return found === undefined || within === undefined ? null : inRange(found, within);
    }),
  ],
  ["ipv4_is_in_any_range", inAnyRange],
  [
    "ipv4_is_private",
    variadic(([address]) => {
      const found = parse(address);
      if (found === undefined) return null;
      return PRIVATE.some((range) => found.prefix >= range.prefix && inRange(found, range));
    }),
  ],
  ["ipv4_netmask_suffix", variadic(([address]) => parse(address)?.prefix ?? null)],
  [
    "parse_ipv4",
    variadic(([address]) => {
      const found = parse(address);
      return found === undefined ? null : masked(found.bits, found.prefix);
    }),
  ],
  [
    "parse_ipv4_mask",
    variadic(([address, prefix]) => {
      const found = parse(address);
      return found === undefined ? null : masked(found.bits, Math.min(found.prefix, number(prefix) ?? 32));
    }),
  ],
  [
    "format_ipv4",
    variadic(([address, prefix]) => {
      const length = number(prefix);
      const value = number(address);
      const found = value === undefined ? parse(address) : { bits: value, prefix: 32 };
      if (found === undefined) return "";
      return spelled(masked(found.bits, Math.min(found.prefix, length ?? 32)));
    }),
  ],
  ["has_ipv4", hasAddress],
  ["has_any_ipv4", hasAddress],
];
