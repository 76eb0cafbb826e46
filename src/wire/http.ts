// The HTTP side of the wire, declared once: the doors serve it, docs/openapi.json is written from it.
import { z } from "zod";

type Body = "bytes" | "text" | (() => z.ZodType);

export interface HttpOperation {
  readonly summary: string;
  readonly description?: string;
  /** True for a probe, which is answered without a token. */
  readonly isPublic?: true;
  readonly query?: () => z.ZodObject;
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly requestBody?: string;
  readonly answers: Readonly<
    Record<
      number,
      {
        readonly description: string;
        readonly type?: string;
        readonly body?: Body;
        readonly headers?: Readonly<Record<string, string>>;
      }
    >
  >;
  /** Codes of refusals that are this operation's own; docs/errors.md says what each means. */
  readonly errors: readonly string[];
}

const path = z.string().describe("Absolute, or relative to the box's workspace.");
const FILE_ERRORS = ["missing_path", "invalid_path", "path_not_allowed", "permission_denied"];
const OCTETS = "application/octet-stream";
const etag = { ETag: "The file's version, as `fs_read` and `fs_stat` give it, in quotes." };

const getFile: HttpOperation = {
  summary: "Read a file of any size, or a range of it",
  query: () => z.object({ path }),
  requestHeaders: {
    Range: "One range of bytes, such as `bytes=0-99`; several are answered with the whole.",
    "If-Range": "The range counts only at this version; of another version the whole comes.",
    "If-None-Match": "Answered with 304 when the file still is of this version.",
  },
  answers: {
    200: {
      description: "The file.",
      type: OCTETS,
      body: "bytes",
      headers: { ...etag, "Content-Length": "Bytes of the file." },
    },
    206: {
      description: "The range.",
      type: OCTETS,
      body: "bytes",
      headers: { ...etag, "Content-Range": "Which bytes of how many." },
    },
    304: { description: "Not changed." },
  },
  errors: [...FILE_ERRORS, "not_found", "is_a_directory", "not_a_file", "range_not_satisfiable"],
};

const getArchive: HttpOperation = {
  summary: "Read a folder as a tar archive",
  description:
    "Files, directories and symlinks with mode, owner and time; pipes, sockets and devices are left out.",
  query: () => z.object({ path, gzip: z.enum(["1"]).optional().describe("Compressed with gzip.") }),
  answers: {
    200: { description: "The archive, streamed.", type: "application/x-tar", body: "bytes" },
  },
  errors: [...FILE_ERRORS, "not_found", "not_a_directory"],
};

export const httpOperations = {
  "GET /files": getFile,
  "HEAD /files": { ...getFile, summary: "Ask for a file's size and version" },
  "PUT /files": {
    summary: "Write a file of any size in one step",
    description:
      "A reader sees the old content or the new, never a part; a body that breaks off leaves the old. Folders above it are made.",
    query: () =>
      z.object({
        path,
        mode: z
          .string()
          .regex(/^[0-7]{3,4}$/)
          .optional()
          .describe("Octal permissions, such as `755`."),
      }),
    requestHeaders: {
      "If-Match": "Replace only this version of the file (or `*`: any, but there must be one).",
      "If-None-Match": "`*`: write only where nothing is.",
    },
    requestBody: OCTETS,
    answers: Object.fromEntries(
      [
        [200, "Replaced."],
        [201, "Made."],
      ].map(([status, description]) => [
        status,
        {
          description,
          headers: etag,
          body: () =>
            z.object({
              path: z.string().describe("Absolute."),
              created: z.boolean(),
              version: z.string(),
              bytes: z.number().int(),
            }),
        },
      ]),
    ) as HttpOperation["answers"],
    errors: [
      ...FILE_ERRORS,
      "invalid_mode",
      "is_a_directory",
      "version_conflict",
      "already_exists",
      "incomplete_upload",
      "disk_full",
    ],
  },
  "DELETE /files": {
    summary: "Remove a file, a symlink or a folder",
    query: () =>
      z.object({
        path,
        recursive: z.enum(["1"]).optional().describe("A folder with all that is in it."),
      }),
    requestHeaders: { "If-Match": "Remove only this version of the file." },
    answers: {
      200: {
        description: "It is gone.",
        body: () => z.object({ path: z.string(), removed: z.literal(true) }),
      },
    },
    errors: [...FILE_ERRORS, "not_found", "directory_not_empty", "version_conflict"],
  },
  "GET /archive": getArchive,
  "HEAD /archive": { ...getArchive, summary: "Ask whether a folder can be read" },
  "PUT /archive": {
    summary: "Unpack a tar archive, gzipped or not, into a folder",
    description:
      "The folder is made if need be, and what it holds stays unless an entry replaces it. Entries that would lead out of it are skipped and named.",
    query: () => z.object({ path }),
    requestBody: "application/x-tar",
    answers: {
      200: {
        description: "Unpacked.",
        body: () =>
          z.object({
            path: z.string(),
            entries: z.number().int(),
            bytes: z.number().int(),
            skippedEntries: z.number().int(),
            skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
          }),
      },
    },
    errors: [
      ...FILE_ERRORS,
      "not_a_directory",
      "invalid_archive",
      "incomplete_upload",
      "disk_full",
    ],
  },
  "GET /healthz": {
    summary: "Whether the daemon is alive",
    isPublic: true,
    answers: {
      200: { description: "Alive.", body: () => z.object({ status: z.literal("alive") }) },
    },
    errors: [],
  },
  "GET /readyz": {
    summary: "Whether the daemon can be used, or why not",
    isPublic: true,
    answers: {
      200: { description: "Ready.", body: () => z.object({ status: z.literal("ready") }) },
      503: {
        description: "Not ready.",
        body: () => z.object({ status: z.literal("not_ready"), reasons: z.array(z.string()) }),
      },
    },
    errors: [],
  },
  "GET /metrics": {
    summary: "The daemon's figures, for Prometheus",
    answers: {
      200: { description: "Text format 0.0.4.", type: "text/plain", body: "text" },
    },
    errors: [],
  },
} as const satisfies Record<
  `${"GET" | "HEAD" | "PUT" | "POST" | "DELETE"} /${string}`,
  HttpOperation
>;

export type HttpOperationName = keyof typeof httpOperations;
