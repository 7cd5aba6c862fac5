import { random, sha1 } from "./random.ts";

export interface Device {
  /** 40 lower-case hex digits, as Defender gives them. */
  readonly id: string;
  /** Oldest first; more than one: the device was renamed. */
  readonly names: readonly string[];
  readonly group: string;
}

/** What a device may call itself: whoever holds it chooses. */
export const HOSTILE_NAMES: readonly string[] = [
  "ws-\u0000\u0007\u001b[31mred\u001b[0m\r\nlevel=error forged=\u202eline",
  `<img src=x onerror="alert(1)">[click](https://example.invalid/?a=1&b=2)|**bold**|@here`,
  `ws-"); DeviceFileCertificateInfo | take 1 // '; drop table`,
  `ws-${"long".repeat(2_560)}`,
];

const SITES = ["par", "ber", "nyc", "sgp", "lon", "mad"];
const KINDS = ["ws", "lt", "srv"];
const GROUPS = ["UnassignedGroup", "Workstations", "Servers", "Executives"];

/** The device of that number: what it is depends on seed and number alone. */
export function device(seed: number, number: number): Device {
  const chance = random(seed, "device", number);
  const serial = String(number + 1).padStart(5, "0");
  const name = `${chance.pick(SITES)}-${chance.pick(KINDS)}-${serial}`;
  const full = chance.next() < 0.8 ? `${name}.corp.example` : name; // the column is documented as an FQDN; short names are seen too
  const isRenamed = chance.next() < 0.01;
  return {
    id: sha1(seed, "device", number),
    names: isRenamed ? [`desktop-${sha1(seed, number).slice(0, 7)}`, full] : [full],
    group: chance.pick(GROUPS),
  };
}
