import { TableClient } from "@azure/data-tables";

import type { Config } from "../settings/config.ts";
import { isLoopbackUrl } from "../settings/loopback.ts";
import { credentialFor } from "./credential.ts";

/**
 * A client for a table of the state account, with the identity or a loopback connection string.
 * @param retryDelayInMs milliseconds before the SDK's first retry; default: the SDK's own
 */
export function tableClient(
  { stateTable, identity }: Pick<Config, "stateTable" | "identity">,
  name: string,
  retryDelayInMs?: number,
): TableClient {
  const options = retryDelayInMs === undefined ? {} : { retryOptions: { retryDelayInMs } };
  if (stateTable.kind === "loopback")
    return TableClient.fromConnectionString(stateTable.connectionString, name, {
      ...options,
      allowInsecureConnection: true,
    });
  const { endpoint } = stateTable;
  return new TableClient(endpoint, name, credentialFor(identity, endpoint), {
    ...options,
    allowInsecureConnection: isLoopbackUrl(endpoint),
  });
}
