import { BlockList, isIP } from "node:net";
import type { EvidencePiece } from "../evidence.ts";
import { includesText, shown } from "./actor.ts";

/** A logon belongs to what follows. It was looked for within five minutes before the act began; the act itself may last. */
const LOGON_REACH = 30 * 60_000;

/** Where a remote logon has to come from, and as whom. `sources`: addresses and CIDR ranges. */
export interface LogonCondition {
  readonly sources: readonly string[];
  readonly accountSids: readonly string[];
}

/**
 * Why an event does not follow a logon of the controller; `undefined` where it does. One logon of the same account from
 * elsewhere is enough against it: which of the two brought the file nobody can say.
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
    `its account logged on from ${shown(elsewhere.remoteIp) || "an unknown address"}, which is none of its sources`
  );
}

/** `undefined` for what is neither an address nor a CIDR range. */
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

/** Windows writes IPv4 addresses of a dual-stack socket as `::ffff:10.0.0.5`. */
function isFrom(list: BlockList, remoteIp: string): boolean {
  const address = remoteIp.replace(/^::ffff:(?=\d+\.)/i, "");
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
}
