// The catalogue: every method of the daemon beside its tools. To add one costs a record and, for a new group, a line here.
import type { z } from "zod";
import { boxMethods } from "./methods/box.ts";
import { eventMethods } from "./methods/events.ts";
import { permissionMethods } from "./methods/permissions.ts";
import { runMethods } from "./methods/runs.ts";
import { streamMethods } from "./methods/streams.ts";
import type { MethodRecord } from "./method-record.ts";

export type { Run, Session } from "./run.ts";
export {
  PermissionPolicy,
  PermissionRule,
  RunRequest,
  type RunRequestInput,
} from "./run-request.ts";

export const PROTOCOL_VERSION = 1;

export const methods = {
  ...boxMethods,
  ...runMethods,
  ...permissionMethods,
  ...eventMethods,
  ...streamMethods,
} as const satisfies Record<string, MethodRecord>;

export type MethodName = keyof typeof methods;
export type MethodParams<Name extends MethodName> = z.output<(typeof methods)[Name]["params"]>;
export type MethodInput<Name extends MethodName> = z.input<(typeof methods)[Name]["params"]>;
export type MethodResult<Name extends MethodName> = z.output<(typeof methods)[Name]["result"]>;
