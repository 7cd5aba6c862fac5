import { stringify } from "yaml";

import { condition, toolDetection } from "./compile-catalogue.ts";
import type { Tool } from "./tools.ts";

/**
 * A tool as a stand-alone Sentinel hunting query (YAML), for people who hunt by hand. Over the same rows it finds the same devices
 * as the catalogue's query does for this tool. It defines `Timestamp` itself, so it runs in Log Analytics and in Defender XDR.
 */
export function exportTool(tool: Tool): string {
  const { id, name, description, tactics, techniques } = toolDetection(tool);
  return stringify(
    {
      id,
      name: `${name} - File Signature`,
      description,
      requiredDataConnectors: [{ connectorId: "MicrosoftThreatProtection", dataTypes: ["DeviceFileCertificateInfo"] }],
      tactics,
      relevantTechniques: techniques,
      query: exportedQuery(tool),
    },
    { lineWidth: 0, blockQuote: "literal" },
  );
}

const exportedQuery = (tool: Tool): string =>
  `let Time_start = now(-5d);
let Time_end = now();
DeviceFileCertificateInfo
| extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null)))
| where Timestamp between (Time_start..Time_end)
| where ${condition(tool)}
| summarize FirstSeen=min(Timestamp), LastSeen=max(Timestamp), Report=make_set(ReportId), Count=count() by DeviceId, DeviceName
`;
