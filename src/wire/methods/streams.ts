// The methods that carry the daemon's HTTP side over the socket, for hosts that a daemon has dialled: they cannot reach its port.
import { z } from "zod";
import { defineMethod } from "../method-record.ts";

const streamId = z.lazy(() => z.string().describe("As `stream_open` answered it."));

export const streamMethods = {
  stream_open: defineMethod({
    description:
      "Opens a stream of bytes to the daemon's HTTP side (docs/openapi.json), without a token. It ends with the connection.",
    params: () => z.strictObject({}),
    result: () => z.object({ streamId: z.string() }),
    outlivesConnection: false,
    resend: "always",
    errors: [],
  }),
  stream_write: defineMethod({
    description: "Writes bytes to a stream; answers when they were taken.",
    params: () => z.strictObject({ streamId, data: z.base64() }),
    result: () => z.object({ bytes: z.number().int() }),
    outlivesConnection: false,
    resend: "never",
    errors: ["stream_not_found"],
  }),
  stream_read: defineMethod({
    description: "Reads the next bytes of a stream; answers when there are some, or at its end.",
    params: () =>
      z.strictObject({
        streamId,
        maxBytes: z
          .number()
          .int()
          .min(1)
          .max(1024 * 1024)
          .default(256 * 1024),
      }),
    result: () => z.object({ data: z.base64(), ended: z.boolean() }),
    outlivesConnection: false,
    resend: "never",
    errors: ["stream_not_found"],
  }),
  stream_close: defineMethod({
    description: "Closes a stream; what was under way on it is broken off.",
    params: () => z.strictObject({ streamId }),
    result: () => z.object({ closed: z.boolean() }),
    outlivesConnection: false,
    resend: "always",
    errors: [],
  }),
} as const;
