// JSON Schemas for the written documents: what has a name of its own stands once among the components.
import { z } from "zod";
import { schemaOfEnvelope, AnyEvent, events } from "../../../src/wire/events.ts";
import { EventFilter } from "../../../src/wire/event-filter.ts";
import { Cursor, Gap } from "../../../src/wire/query.ts";
import { Run, RunError, RunResult, RunUsage, Session } from "../../../src/wire/run.ts";

export type JsonSchema = Record<string, unknown>;

const NAMED = {
  Run,
  Session,
  RunError,
  RunResult,
  RunUsage,
  Cursor,
  Gap,
  EventFilter,
  Event: AnyEvent,
};
for (const [id, schema] of Object.entries(NAMED))
  z.globalRegistry.add(schema as z.ZodType, { ...z.globalRegistry.get(schema as z.ZodType), id });

/** Collects what the schemas of one document refer to. */
export class Components {
  readonly schemas: Record<string, JsonSchema> = {};
  readonly #target: "draft-7" | "draft-2020-12";

  constructor(target: "draft-7" | "draft-2020-12") {
    this.#target = target;
  }

  schemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
    const made = z.toJSONSchema(schema, { io, unrepresentable: "any", target: this.#target });
    return this.hoist((io === "output" ? open(made) : made) as JsonSchema);
  }

  /** Takes what the schema defines into the components. */
  hoist({ definitions, $defs, ...schema }: JsonSchema): JsonSchema {
    const defined = { ...(definitions as object), ...($defs as object) } as Record<
      string,
      JsonSchema
    >;
    for (const [name, each] of Object.entries(defined)) this.add(name, this.hoist(each));
    return rewritten(schema) as JsonSchema;
  }

  add(name: string, schema: JsonSchema): void {
    this.schemas[name] ??= name === "Event" ? this.#event() : schema;
  }

  /** Every event under a name of its own, and any of them. */
  #event(): JsonSchema {
    const names = Object.entries(events).map(([type, record]) => {
      this.schemas[`event.${type}`] ??= {
        title: type,
        "x-kind": record.kind,
        ...this.schemaOf(schemaOfEnvelope(type, record), "output"),
      };
      return `event.${type}`;
    });
    return {
      description:
        "One event: the envelope's fields, then its own. A fact has `seq`, its place in the box's one order; a delta has `afterSeq`, is live only, and is wholly contained in the fact that closes it. Types that a client does not know are to be skipped.",
      oneOf: names.map((name) => ({ $ref: `#/components/schemas/${name}` })),
    };
  }
}

/** What the daemon sends may grow by fields of a later version. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, each]) => key !== "additionalProperties" || each !== false)
      .map(([key, each]) => [key, open(each)]),
  );
}

/** References as they stand in the document. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      if (key === "$ref" && typeof each === "string")
        return [[key, each.replace(/^#\/(definitions|\$defs)\//, "#/components/schemas/")]];
      if (["$schema", "$id", "id"].includes(key) && typeof each === "string") return [];
      return [[key, rewritten(each)]];
    }),
  );
}
