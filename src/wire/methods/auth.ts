// The method with which a client that can set no headers shows its token: the first frame of its connection.
import { z } from "zod";
import { defineMethod } from "../method-record.ts";

export const auth = defineMethod({
  description:
    "Shows the token, for a client that can set no `Authorization` header: must then be the first frame, within 10 s. Harmless later.",
  params: () => z.strictObject({ token: z.string() }),
  result: () => z.object({ authenticated: z.literal(true) }),
  outlivesConnection: false,
  resend: "never",
  errors: ["unauthorized"],
});
