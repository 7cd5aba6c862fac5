import { gzipSync } from "node:zlib";

import { kqlDatetime, kqlString } from "./kql-text.ts";

/** Characters of a link. Mail gateways and ticket systems cut longer ones. */
const MAX_LINK = 2000;

/**
 * A link to the Defender portal's advanced hunting with a query: the text in UTF-16, gzipped, base64url. `undefined` where the link
 * would be too long. The portal's format is not documented; a live check verifies it.
 */
export function huntingLink(query: string): string | undefined {
  const packed = gzipSync(Buffer.from(query, "utf16le")).toString("base64url");
  const link = `https://security.microsoft.com/v2/advanced-hunting?query=${packed}`;
  return link.length <= MAX_LINK ? link : undefined;
}

/** The query for a sighting's certificate rows. `condition`: the detection's KQL over one row. */
export const huntingQuery = (
  condition: string,
  place: { readonly deviceId: string; readonly from: Date; readonly to: Date },
): string =>
  `DeviceFileCertificateInfo
| where Timestamp between (${kqlDatetime(place.from)} .. ${kqlDatetime(place.to)})
| where DeviceId =~ ${kqlString(place.deviceId)}
| where ${condition}`;
