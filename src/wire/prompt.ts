// A prompt as hosts send it: plain text, or parts.
import { z } from "zod";
import { ContentPart } from "../../harnesses/content.ts";

export const Prompt = z.lazy(() => z.union([z.string().min(1), z.array(ContentPart).min(1)]));
