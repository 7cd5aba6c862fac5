/** Why there is no token, where an error of `@azure/identity` says so; its types are not loaded for this. */
export function signInReason(error: unknown): string | undefined {
  if (
    !(error instanceof Error) ||
    !/^(?:CredentialUnavailable|Authentication|AggregateAuthentication)/.test(error.name)
  )
    return undefined;
  return `no token: ${error.message.split("\n", 1)[0]}`;
}
