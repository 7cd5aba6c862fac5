/** A functions host as a child process with an IPC channel: `node main.ts PACKAGE_DIR`. It ends with its parent. */
import { loadFunctions, type FunctionsHost } from "./host.ts";
import { isToHost, type FromHost, type Thrown, type ToHost } from "./protocol.ts";

const packageDir = process.argv[2];
if (packageDir === undefined || process.send === undefined) {
  console.error("usage: node main.ts PACKAGE_DIR, as a child with an IPC channel");
  process.exit(2);
}
let host: FunctionsHost | undefined;

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  if (isToHost(message)) void answer(message);
});

async function answer(message: ToHost): Promise<void> {
  switch (message.type) {
    case "load":
      return load(packageDir ?? "", message.settings);
    case "invoke":
      try {
        await host?.invoke(message.name, { isPastDue: message.isPastDue });
        return send({ type: "done", id: message.id });
      } catch (error) {
        return send({ type: "failed", id: message.id, error: thrown(error) });
      }
    case "stop":
      await host?.stop();
      process.send?.({ type: "stopped" } satisfies FromHost, () => process.exit(0));
  }
}

async function load(folder: string, settings: Readonly<Record<string, string>>): Promise<void> {
  try {
    host = await loadFunctions(folder, { settings, onLog: (entry) => send({ type: "log", entry }) });
    send({ type: "ready", functions: host.functions });
  } catch (error) {
    process.send?.({ type: "unloadable", error: thrown(error) } satisfies FromHost, () => process.exit(1));
  }
}

function send(message: FromHost): void {
  process.send?.(message);
}

function thrown(error: unknown): Thrown {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  return { name: error.name, message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
}
