// The package as it is shipped: the program and the client in a few files, each heavy library in one that is loaded when it is used.
import { defineConfig, type OutputOptions, type RolldownOptions } from "rolldown";
import { lazyBuiltins } from "./build/lazy-builtins.ts";
import { licences } from "./build/licences.ts";
import { plainText } from "./build/plain-text.ts";

const common: RolldownOptions = {
  platform: "node",
  // Schemas that nobody asks for are not built.
  treeshake: { manualPureFunctions: ["z"] },
};
const output: OutputOptions = {
  dir: "dist",
  format: "esm",
  chunkFileNames: "[name]-[hash].js",
  comments: false,
};

export default defineConfig([
  {
    ...common,
    input: { harnessd: "src/bin.ts", client: "src/client/index.ts" },
    external: ["@vscode/ripgrep"], // brings a program, found beside it
    plugins: [lazyBuiltins(), plainText(), licences("LICENCES.txt")],
    output: {
      ...output,
      cleanDir: true,
      // Each with all that it imports: a start reads two files and not sixty.
      codeSplitting: {
        groups: [
          {
            name: "base",
            test: /\/src\/(settings\/config|cli\/main|client\/index)\.ts$/,
            priority: 2,
          },
          { name: "daemon", test: /\/src\/(daemon|cli\/serve)\.ts$/, priority: 1 },
          { name: "commands", test: /\/src\/cli\/commands\//, priority: 0 },
        ],
      },
    },
  },
  // Loaded by OpenCode, which is not Node.
  { ...common, input: { "box-plugin": "harnesses/opencode/box-plugin.ts" }, output },
]);
