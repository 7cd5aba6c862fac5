/** A service to reach with the identity, or one on this machine by its connection string. */
export type Address =
  | { readonly kind: "endpoint"; readonly endpoint: string }
  | { readonly kind: "loopback"; readonly connectionString: string };
