/** Address of a service: an endpoint for the identity, or on this machine a connection string. */
export type Address =
  | { readonly kind: "endpoint"; readonly endpoint: string }
  | { readonly kind: "loopback"; readonly connectionString: string };
