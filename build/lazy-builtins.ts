// Node's own modules, loaded when something of them is first used and not when the program starts.
import { builtinModules } from "node:module";
import type { Plugin } from "rolldown";

const PREFIX = "\0node:";
/**
 * `import … from "node:http"` reads every property of the module, among them one that loads all of undici: 40 ms and 13 MB for
 * nothing. `node:tls` and `node:https` are another 15 ms that a daemon without TLS never needs.
 */
export function lazyBuiltins(): Plugin {
  return {
    name: "lazy-builtins",
    resolveId(source) {
      const name = source.replace(/^node:/, "");
      if (!source.startsWith("node:") && !builtinModules.includes(name)) return null;
      // The bundle's own first line needs it.
      return name === "module"
        ? { id: "node:module", external: true }
        : { id: `${PREFIX}${name}`, moduleSideEffects: false };
    },
    load(id) {
      return id.startsWith(PREFIX)
        ? {
            code: codeFor(`node:${id.slice(PREFIX.length)}`),
            moduleType: "js",
            moduleSideEffects: false,
          }
        : null;
    },
  };
}

/** CommonJS, whose importers look a name up where they use it. */
function codeFor(name: string): string {
  const builtin: unknown = process.getBuiltinModule(name);
  if (typeof builtin !== "object" || builtin === null)
    return `module.exports = process.getBuiltinModule("${name}");`;
  return `let loaded;
for (const name of ${JSON.stringify(Object.keys(builtin))}) {
  Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= process.getBuiltinModule("${name}"))[name] });
}`;
}
