#!/usr/bin/env node
// The program `harnessd`. Says which Node it needs before anything that an older one cannot load.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(`harnessd needs Node 24 or newer; this is ${process.version}. Run it through npm (npx harnessd …), which brings its own.`);
  process.exit(1);
}
