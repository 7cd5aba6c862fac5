import { parse } from "@babel/parser";

/** A declared name, or a text that others see. `variable`: functions, parameters and imports too. */
export interface Found {
  readonly kind: "type" | "type parameter" | "variable" | "property" | "log event" | "log field" | "command";
  readonly name: string;
  readonly line: number;
}

interface Node {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number } };
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "loc" in value;

/**
 * All that a TypeScript file declares by a name of its own: types and their parameters, functions, classes, constants, parameters, properties
 * and imports under a local name; and the texts that it gives to others: log events, their fields, commands and options of `firstsight`.
 */
export function declaredNames(source: string): readonly Found[] {
  const { program } = parse(source, { sourceType: "module", plugins: ["typescript"] });
  const found: Found[] = [];
  visit(program, found);
  return found;
}

function visit(value: unknown, found: Found[]): void {
  if (Array.isArray(value)) for (const item of value) visit(item, found);
  if (!isNode(value)) return;
  collect(value, found);
  for (const [key, child] of Object.entries(value)) if (key !== "loc" && key !== "errors") visit(child, found);
}

function collect(node: Node, found: Found[]): void {
  const add = (kind: Found["kind"], name: unknown): void => {
    if (typeof name === "string") found.push({ kind, name, line: node.loc.start.line });
  };
  switch (node.type) {
    case "VariableDeclarator":
    case "FunctionDeclaration":
    case "FunctionExpression":
      for (const name of boundNames(node["id"])) add("variable", name);
      break;
    case "ClassDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      for (const name of boundNames(node["id"])) add("type", name);
      break;
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
      for (const name of boundNames(node["local"])) add("variable", name);
      break;
    case "TSTypeParameter":
      add("type parameter", isNode(node["name"]) ? node["name"]["name"] : node["name"]);
      break;
    case "CatchClause":
      for (const name of boundNames(node["param"])) add("variable", name);
      break;
    case "ClassProperty":
    case "ClassPrivateProperty":
    case "ClassMethod":
    case "ClassPrivateMethod":
    case "ObjectMethod":
    case "TSPropertySignature":
    case "TSMethodSignature":
      add("property", keyOf(node));
      break;
    case "ObjectExpression":
      collectObject(node, found);
      break;
    case "CallExpression":
      for (const name of commandNames(node)) add("command", name);
      break;
  }
  for (const parameter of [node["params"], node["parameters"]].filter(Array.isArray).flat())
    for (const name of boundNames(parameter)) add("variable", name);
}

/** Keys of an object; of one with `event: "…"`, a line of the log. */
function collectObject({ properties }: Node, found: Found[]): void {
  if (!Array.isArray(properties)) return;
  const keyed = properties.filter(isNode).filter(({ type }) => type === "ObjectProperty");
  const event = keyed.find((property) => keyOf(property) === "event")?.["value"];
  const isLogLine = isNode(event) && event.type === "StringLiteral";
  for (const property of keyed) {
    const { line } = property.loc.start;
    const name = keyOf(property);
    if (name === undefined) continue;
    // The name of a shorthand property is declared where its value is.
    if (property["shorthand"] !== true) found.push({ kind: "property", name, line });
    if (isLogLine) found.push({ kind: "log field", name, line });
  }
  if (isLogLine && typeof event["value"] === "string")
    found.push({ kind: "log event", name: event["value"], line: event.loc.start.line });
}

/** Of `.command("name <argument>")`, `.option("-s, --long <value>")`. */
function commandNames({ callee, arguments: given }: Node): readonly string[] {
  const method = isNode(callee) && isNode(callee["property"]) ? callee["property"]["name"] : undefined;
  const [text] = Array.isArray(given) ? given : [];
  const value = isNode(text) && text.type === "StringLiteral" ? text["value"] : undefined;
  if (typeof value !== "string") return [];
  if (method === "command") return [value.split(" ")[0] ?? ""];
  return method === "option" || method === "requiredOption"
    ? [...value.matchAll(/--[a-z-]+/g)].map(([option]) => option)
    : [];
}

function keyOf({ key, computed }: Node): string | undefined {
  if (!isNode(key) || computed === true) return undefined;
  if (key.type === "PrivateName") return keyOf({ ...key, key: key["id"], computed: false });
  const name = key["name"] ?? key["value"];
  return typeof name === "string" ? name : undefined;
}

/** The names that a pattern binds; of `{ key: name }` the name. */
function boundNames(pattern: unknown): readonly string[] {
  if (!isNode(pattern)) return [];
  switch (pattern.type) {
    case "Identifier":
      return typeof pattern["name"] === "string" ? [pattern["name"]] : [];
    case "AssignmentPattern":
      return boundNames(pattern["left"]);
    case "RestElement":
      return boundNames(pattern["argument"]);
    case "ArrayPattern":
      return Array.isArray(pattern["elements"]) ? pattern["elements"].flatMap(boundNames) : [];
    case "ObjectPattern":
      return Array.isArray(pattern["properties"])
        ? pattern["properties"].flatMap((property: unknown) =>
            isNode(property) && property.type === "ObjectProperty"
              ? boundNames(property["value"])
              : boundNames(property),
          )
        : [];
    default:
      return [];
  }
}
