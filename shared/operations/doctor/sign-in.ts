/** Why there is no token, where the error comes from `@azure/identity`. Recognised by name, without loading the package. */
export function signInReason(error: unknown): string | undefined {
  if (
    !(error instanceof Error) ||
    !/^(?:CredentialUnavailable|Authentication|AggregateAuthentication)/.test(error.name)
  )
    return undefined;
  return `no token: ${error.message.split("\n", 1)[0]}`;
}
