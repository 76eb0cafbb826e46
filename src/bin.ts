#!/usr/bin/env node
// The program `harnessd`. Says which Node it needs before anything that an older one cannot load.
const OLDEST_NODE = 24;

if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
  console.error(
    `harnessd needs Node ${OLDEST_NODE} or newer; this is ${process.version}. In a checkout, \`npx harnessd\` brings its own.`,
  );
  process.exit(2);
}
if (import.meta.filename.endsWith(".js")) {
  // As built. The build has filled this directory; where it may not be read, the start takes 20 ms longer.
  process
    .getBuiltinModule("node:module")
    .enableCompileCache({ directory: `${import.meta.dirname}/compiled`, portable: true });
}
const { main } = await import("./cli/main.ts");
await main(process.argv);
