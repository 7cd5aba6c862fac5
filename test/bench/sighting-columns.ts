/** What the catalogue's query answers with, as the query API names the types. */
export const SIGHTING_COLUMNS = [
  ["DetectionId", "string"],
  ["DeviceId", "string"],
  ["DeviceName", "string"],
  ["FirstSeen", "datetime"],
  ["LastSeen", "datetime"],
  ["Report", "string"],
  ["Count", "long"],
  ["DeviceGroup", "string"],
  ["Signers", "string"],
  ["Files", "string"],
  ["Counterfeit", "bool"],
] as const;
