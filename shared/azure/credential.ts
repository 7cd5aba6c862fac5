import type { TokenCredential } from "@azure/identity";
import type { Identity } from "../settings/config.ts";
import { isLoopbackUrl } from "../settings/loopback.ts";

/**
 * The credential for a service: the user-assigned identity in Azure, the Azure CLI's login elsewhere, a constant token for a
 * loopback endpoint. `@azure/identity` is loaded with the first token request: it is the largest part of a cold start.
 */
export function credentialFor(identity: Identity, endpoint: string): TokenCredential {
  return isLoopbackUrl(endpoint) ? loopbackCredential : identityCredential(identity);
}

/** A constant token: services on loopback addresses check none. */
const loopbackCredential: TokenCredential = {
  getToken: () => Promise.resolve({ token: "loopback", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
};

function identityCredential(identity: Identity): TokenCredential {
  let loaded: Promise<TokenCredential> | undefined;
  return {
    getToken: async (scopes, options) => (await (loaded ??= load(identity))).getToken(scopes, options),
  };
}

async function load(identity: Identity): Promise<TokenCredential> {
  const { AzureCliCredential, ManagedIdentityCredential } = await import("@azure/identity");
  return identity.kind === "managed"
    ? new ManagedIdentityCredential({ clientId: identity.clientId })
    : new AzureCliCredential();
}
