const HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** True for a loopback host in the form of `new URL(…).hostname`. Only there keys and plain http are accepted. */
const isLoopbackHost = (host: string): boolean => HOST.test(host);

/** True for a URL of any scheme with a loopback host and without a user name before it. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && isLoopbackHost(url.hostname);
}

/** The form that the Service Bus SDK parses: refuses other forms that `new URL` accepts. */
const BUS_ENDPOINT = /^sb:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?\/?$/i;

/**
 * True for a connection string (`Name=value;…`) whose endpoints are all on this machine. A connection string without an endpoint
 * leads to Azure, except `UseDevelopmentStorage=true`.
 */
export function isLoopbackConnectionString(text: string): boolean {
  const parts = text
    .split(";")
    .filter((part) => part.trim() !== "")
    .map((part) => /^\s*([A-Za-z]+)=(.+)$/.exec(part));
  const fields = new Map(parts.map((part) => [part?.[1]?.toLowerCase() ?? "", part?.[2]?.trim() ?? ""]));
  // Of a repeated name it is unknown which value an SDK takes.
  if (fields.size !== parts.length || fields.has("") || fields.has("endpointsuffix")) return false;
  const addresses = [...fields].filter(([name]) => name.endsWith("endpoint") || name === "developmentstorageproxyuri");
  if (!addresses.every(([name, value]) => (name === "endpoint" ? BUS_ENDPOINT.test(value) : isLoopbackUrl(value))))
    return false;
  return (
    fields.has("endpoint") ||
    fields.has("tableendpoint") ||
    (fields.get("usedevelopmentstorage") === "true" && !fields.has("accountname"))
  );
}
