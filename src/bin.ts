#!/usr/bin/env node
// The program `harnessd`. Says which Node it needs before anything that an older one cannot load.
const OLDEST_NODE = 24;

if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
  console.error(`harnessd needs Node ${OLDEST_NODE} or newer; this is ${process.version}. In a checkout, \`npx harnessd\` brings its own.`);
  process.exit(2);
}
const { main } = await import("./cli/main.ts");
await main(process.argv);
