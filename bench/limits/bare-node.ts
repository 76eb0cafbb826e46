// The least that a Node program can be: it says a line and stays.
import { Child } from "../child.ts";

export function startBareNode(): Promise<Child> {
  return Child.start(process.execPath, [
    "--eval",
    "console.log('ready'); setInterval(() => {}, 2 ** 30)",
  ]);
}
