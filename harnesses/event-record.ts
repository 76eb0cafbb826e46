// How an event is declared: whether it is a fact or a delta, and its own fields, whose schema is made when it is first asked for.
import { z } from "zod";

export type EventKind = "fact" | "delta";
type Shape = Readonly<Record<string, z.ZodType>>;

export interface EventRecord<Kind extends EventKind = EventKind, Fields extends Shape = Shape> {
  /** A fact is stored, and has a number. A delta is live only, and wholly contained in the fact that closes it. */
  readonly kind: Kind;
  readonly description?: string | undefined;
  readonly fields: () => Fields;
}
export type EventRecords = Readonly<Record<string, EventRecord>>;

export function fact<Fields extends Shape>(
  fields: () => Fields,
  description?: string,
): EventRecord<"fact", Fields> {
  return { kind: "fact", fields, description };
}

/** A delta adds to a text; two of the same place may be merged into one, and a slow host may miss some. */
export function delta<Fields extends Shape & { readonly text: z.ZodString }>(
  fields: () => Fields,
  description?: string,
): EventRecord<"delta", Fields> {
  return { kind: "delta", fields, description };
}

type SchemaOf<Type extends string, Record extends EventRecord> = z.ZodObject<
  { type: z.ZodLiteral<Type> } & ReturnType<Record["fields"]>
>;
/** The events of some records as they are written. */
export type EventInput<Records extends EventRecords> = {
  [Type in keyof Records & string]: z.input<SchemaOf<Type, Records[Type]>>;
}[keyof Records & string];
/** The same once they were checked, with defaults. */
export type EventOutput<Records extends EventRecords> = {
  [Type in keyof Records & string]: z.output<SchemaOf<Type, Records[Type]>>;
}[keyof Records & string];
/** The names of those that are deltas. */
export type DeltaTypeOf<Records extends EventRecords> = {
  [Type in keyof Records & string]: Records[Type]["kind"] extends "delta" ? Type : never;
}[keyof Records & string];

/** One event's own fields, its type among them. */
export function schemaOfEvent(type: string, { fields, description }: EventRecord): z.ZodObject {
  const schema = z.object({ type: z.literal(type), ...fields() });
  return description === undefined ? schema : schema.describe(description);
}

/** Any of the events. */
export function schemaOfEvents<Records extends EventRecords>(
  records: Records,
): z.ZodType<EventOutput<Records>, EventInput<Records>> {
  const schema = z.lazy(() => {
    const [first, ...rest] = Object.entries(records).map(([type, each]) =>
      schemaOfEvent(type, each),
    );
    if (first === undefined) throw new TypeError("There is no event");
    return z.discriminatedUnion("type", [first, ...rest]);
  });
  return schema as unknown as z.ZodType<EventOutput<Records>, EventInput<Records>>;
}
