// The parts of a message in OpenAI's two dialects: blank ones are left out, media that cannot be shown are told.
import { isPdf, judgeImage } from "../media/image.ts";
import { isBlank, isObject, textOf, type Json } from "./json.ts";
import { UNSHOWN_PDF, unshownImage } from "./words.ts";

/** Nothing for a part that says nothing, or that is none. */
export function cleanPart(part: Json): Json[] {
  switch (part["type"]) {
    case "text":
    case "input_text":
    case "output_text":
      return isBlank(part["text"]) ? [] : [part];
    case "refusal":
      return isBlank(part["refusal"]) ? [] : [part];
    case "image_url":
      return shown(part, problemOfImage(inner(part, "image_url")["url"]), "text");
    case "input_image":
      return shown(part, problemOfImage(part["image_url"]), "input_text");
    case "file":
      return shown(part, problemOfPdf(inner(part, "file")["file_data"]), "text");
    case "input_file":
      return shown(part, problemOfPdf(part["file_data"]), "input_text");
    default:
      return [];
  }
}

function inner(part: Json, name: string): Json {
  return isObject(part[name]) ? part[name] : {};
}

function shown(part: Json, problem: string | null, textType: string): Json[] {
  return [problem === null ? part : { type: textType, text: problem }];
}

function problemOfImage(url: unknown): string | null {
  const [, mediaType = "", data = ""] = /^data:([^;,]*);base64,([^]*)$/.exec(textOf(url)) ?? [];
  const { problem } = judgeImage(mediaType, data);
  return problem === null ? null : unshownImage(problem);
}

function problemOfPdf(url: unknown): string | null {
  const [, data = ""] = /^data:application\/pdf;base64,([^]*)$/.exec(textOf(url)) ?? [];
  return isPdf(data) ? null : UNSHOWN_PDF;
}
