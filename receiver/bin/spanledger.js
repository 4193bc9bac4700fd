#!/usr/bin/env node
// Refuses an old Node with a sentence instead of a syntax error, then hands over to the compiled program.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `spanledger needs Node.js 22.18 or newer; this is ${process.version}. Install a newer Node.js and try again.\n`,
  );
  process.exit(3);
}
await import("../dist/main.js");
