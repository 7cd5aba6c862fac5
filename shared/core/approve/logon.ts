import { BlockList, isIP } from "node:net";
import type { EvidencePiece } from "../evidence.ts";
import { includesText, printable } from "./actor.ts";

/** Milliseconds before an event in which a logon belongs to it. The query searches five minutes before an act, which itself may last. */
const LOGON_REACH = 30 * 60_000;

/** The addresses and CIDR ranges (`sources`) and the accounts that a remote logon has to have. */
export interface LogonCondition {
  readonly sources: readonly string[];
  readonly accountSids: readonly string[];
}

/**
 * Why an event does not follow a logon of the controller; `undefined` where it does. One logon of the same account from another
 * address is enough to fail: the data do not show which of the two logons brought the file.
 */
export function logonReason(piece: EvidencePiece, condition: LogonCondition): string | undefined {
  const before = (piece.logons ?? []).filter(({ at, accountSid }) => {
    const ago = piece.at.getTime() - at.getTime();
    return ago >= 0 && ago <= LOGON_REACH && includesText(condition.accountSids, accountSid);
  });
  if (before.length === 0) return "no logon of its account was seen before it";
  const sources = sourceList(condition.sources);
  const elsewhere = before.find(({ remoteIp }) => !isFrom(sources, remoteIp));
  return (
    elsewhere &&
    `its account logged on from ${printable(elsewhere.remoteIp) || "an unknown address"}, which is none of its sources`
  );
}

/** Parses an address or a CIDR range; `undefined` for any other text. */
export function parseSource(
  source: string,
): { readonly address: string; readonly prefix: number; readonly family: "ipv4" | "ipv6" } | undefined {
  const [address = "", bits, more] = source.split("/");
  const version = isIP(address);
  if (version === 0 || more !== undefined) return undefined;
  const whole = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined;
  const prefix = bits === undefined ? whole : Number(bits);
  return prefix <= whole ? { address, prefix, family: version === 4 ? "ipv4" : "ipv6" } : undefined;
}

function sourceList(sources: readonly string[]): BlockList {
  const list = new BlockList();
  for (const source of sources) {
    const parsed = parseSource(source);
    if (parsed) list.addSubnet(parsed.address, parsed.prefix, parsed.family);
  }
  return list;
}

/** Whether an address is in the list. Windows writes IPv4 addresses of a dual-stack socket as `::ffff:10.0.0.5`. */
function isFrom(list: BlockList, remoteIp: string): boolean {
  const address = remoteIp.replace(/^::ffff:(?=\d+\.)/i, "");
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
}
