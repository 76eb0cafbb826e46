// Holds the published documents against a real daemon: what it sends is what they say.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { expect, test } from "vitest";
import { Harnessd, type Envelope } from "../../src/client/index.ts";
import { fixTheTest } from "../scripted-model/stories.ts";
import { realBox } from "./real-box.ts";

interface Document {
  readonly methods: readonly {
    readonly name: string;
    readonly result?: { readonly schema: object };
  }[];
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
interface Schema {
  readonly properties?: object;
}

const document = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../../docs/openrpc.json"), "utf8"),
) as Document;
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(document, "wire");

function checkerOf(schema: object): ValidateFunction {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"wire#/components/');
  return ajv.compile(JSON.parse(text) as object);
}

/** Fields that the schema of an event does not name. */
function undeclared(event: Envelope): string[] {
  const { properties = {} } = document.components.schemas[`event.${event.type}`] ?? {};
  return Object.keys(event).filter((field) => !Object.hasOwn(properties, field));
}

test("every event of a real run satisfies the published schema, and holds no field that it does not name", async () => {
  const story = fixTheTest();
  const { url, token, workspace } = await realBox(story.steps);
  for (const [path, content] of Object.entries(story.files))
    await writeFile(join(workspace, path), content);
  await using box = await Harnessd.connect({ url, token });
  const isEvent = checkerOf({ $ref: "#/components/schemas/Event" });
  const run = await box.run({ prompt: story.prompt, model: "anthropic/claude-sonnet-5-5" });
  const seen = new Set<string>();
  for await (const event of run) {
    seen.add(event.type);
    expect([event, isEvent(event), isEvent.errors, undeclared(event)]).toEqual([
      event,
      true,
      null,
      [],
    ]);
  }
  for (const type of ["run.ended", "message.delta", "tool.finished", "file.changed", "usage"])
    expect(seen).toContain(type);
  expect(isEvent({ type: "run.ended" })).toBe(false);
});

test("what each reading method answers satisfies its published result", async () => {
  const { url, token } = await realBox([{ text: "Done." }]);
  await using box = await Harnessd.connect({ url, token });
  const run = await box.run({ prompt: "Say done", model: "anthropic/claude-sonnet-5-5" });
  await run.result();
  const { runId } = run.run;
  const answers: Record<string, unknown> = {
    daemon_info: await box.call("daemon_info"),
    harness_list: await box.call("harness_list"),
    run_get: await box.call("run_get", { runId }),
    run_list: await box.call("run_list"),
    run_wait: await box.call("run_wait", { runId }),
    run_cancel: await box.call("run_cancel", { runId }),
    session_list: await box.call("session_list"),
    permission_list: await box.call("permission_list"),
    events_read: await box.call("events_read"),
    fs_list: await box.tools.fs_list({ path: "." }),
    shell_exec: await box.tools.shell_exec({ command: "echo hello" }),
  };
  for (const [name, answer] of Object.entries(answers)) {
    const schema = document.methods.find((method) => method.name === name)?.result?.schema ?? {};
    const check = checkerOf(schema);
    expect([name, check(answer), check.errors]).toEqual([name, true, null]);
  }
});
