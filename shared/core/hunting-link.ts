import { gzipSync } from "node:zlib";

import { kqlDatetime, kqlString } from "./kql-text.ts";

/** Longer addresses are cut by mail gateways and ticket systems. */
const MAX_LINK = 2000;

/**
 * The Defender portal's advanced hunting with a query in it: the text in UTF-16, gzipped, base64url. `undefined` where the address would
 * be too long to travel. The portal's own form, not documented: one of the live checks.
 */
export function huntingLink(query: string): string | undefined {
  const packed = gzipSync(Buffer.from(query, "utf16le")).toString("base64url");
  const link = `https://security.microsoft.com/v2/advanced-hunting?query=${packed}`;
  return link.length <= MAX_LINK ? link : undefined;
}

/** The certificate rows behind a sighting. `condition`: the detection's, over one row. */
export const huntingQuery = (
  condition: string,
  place: { readonly deviceId: string; readonly from: Date; readonly to: Date },
): string =>
  `DeviceFileCertificateInfo
| where Timestamp between (${kqlDatetime(place.from)} .. ${kqlDatetime(place.to)})
| where DeviceId =~ ${kqlString(place.deviceId)}
| where ${condition}`;
