import { registerHooks } from "node:module";

let hooked = false;

/** From here on `@azure/functions-core`, wherever it is required or imported from, is the stand-in beside this file. */
export function registerCore(): void {
  if (hooked) return;
  hooked = true;
  const url = new URL("functions-core.ts", import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "@azure/functions-core"
        ? { url, format: "module-typescript", shortCircuit: true }
        : next(specifier, context),
  });
}
