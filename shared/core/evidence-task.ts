/** A command that a scheduled task starts. */
export interface TaskAction {
  readonly command: string;
  readonly arguments: string;
}

/** Nesting that is read. Deep enough for every form seen; a hostile task nests deeper. */
const MAX_DEPTH = 8;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&quot;", '"'],
  ["&apos;", "'"],
  ["&amp;", "&"],
]);

/**
 * The commands of a task, from the Actions of its content: JSON, as Defender sends it, or the XML of the task itself. Empty: the
 * task starts no command (a COM handler). `undefined`: the text is neither JSON nor XML.
 */
export function taskActions(actions: string): readonly TaskAction[] | undefined {
  const text = actions.trim();
  if (text === "") return [];
  if (text.startsWith("<")) return text.endsWith(">") ? fromXml(text) : undefined;
  try {
    return fromJson(JSON.parse(text), 0);
  } catch {
    return undefined; // Cut off, or in an undocumented form.
  }
}

function fromJson(value: unknown, depth: number): readonly TaskAction[] {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return [];
  if (Array.isArray(value)) return value.flatMap((item) => fromJson(item, depth + 1));
  const fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
  const command = fields.get("command");
  if (typeof command === "string") {
    const given = fields.get("arguments");
    return [{ command, arguments: typeof given === "string" ? given : "" }];
  }
  return Object.values(value).flatMap((item) => fromJson(item, depth + 1));
}

const fromXml = (text: string): readonly TaskAction[] =>
  Array.from(text.matchAll(/<Exec\b[^>]*>([\s\S]*?)<\/Exec>/g), ([, exec = ""]) => ({
    command: element(exec, "Command"),
    arguments: element(exec, "Arguments"),
  }));

const element = (text: string, name: string): string =>
  (new RegExp(`<${name}\\b[^>]*>([\\s\\S]*?)</${name}>`).exec(text)?.[1] ?? "").replaceAll(
    /&(?:lt|gt|quot|apos|amp);/g,
    (entity) => ENTITIES.get(entity) ?? entity,
  );
