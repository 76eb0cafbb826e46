// What an MCP tool answers, as the model is to see it: texts as text, images as images, links as links.
import { headOf } from "../../../tools/machinery/text/cut.ts";
import { isObject, objectsOf, textOf, type Json } from "../gate/json.ts";
import { unshownImage } from "../gate/words.ts";
import type { UserPart } from "../models/turn.ts";
import { isPdf, judgeImage, mediaTypeOf } from "../media/image.ts";
import type { OfferedOutcome } from "./offered-tool.ts";

const MAX_SHOWN_CHARS = 200;

/** `takesPdf`: whether the model's server takes documents. */
export function outcomeOfResult(result: unknown, takesPdf: boolean): OfferedOutcome {
  const { content, structuredContent, isError } = isObject(result) ? result : ({} as Json);
  const media: UserPart[] = [];
  const show = (part: Json): string => {
    const { text, shown } = partOf(part, takesPdf);
    if (shown) media.push(shown);
    return text;
  };
  const said = objectsOf(content).map(show).join("\n");
  const text =
    said === "" && structuredContent !== undefined ? JSON.stringify(structuredContent) : said;
  const shown = media.length > 0 ? { media } : {};
  if (isError === true)
    return { ok: false, error: { code: "tool_failed", message: text }, ...shown };
  return { ok: true, output: { content: text }, ...shown };
}

interface Shown {
  readonly text: string;
  readonly shown?: UserPart;
}

function partOf(part: Json, takesPdf: boolean): Shown {
  const mediaType = textOf(part["mimeType"]);
  switch (part["type"]) {
    case "text":
      return { text: textOf(part["text"]) };
    case "image":
      return imageOf(mediaType, textOf(part["data"]));
    case "resource":
      return resourceOf(isObject(part["resource"]) ? part["resource"] : {}, takesPdf);
    case "resource_link":
      return { text: linkOf(part) };
    default:
      return { text: `[${mediaType || textOf(part["type"]) || "something unknown"}]` };
  }
}

/** By its bytes: servers call an image what they like. */
function imageOf(mediaType: string, data: string): Shown {
  const found = mediaTypeOf(Buffer.from(data, "base64"));
  const { problem } = judgeImage(found ?? mediaType, data);
  if (found === null || problem !== null)
    return { text: unshownImage(problem ?? "its bytes are no image that can be read") };
  return { text: `[${found}]`, shown: { type: "image", mediaType: found, data } };
}

function resourceOf(resource: Json, takesPdf: boolean): Shown {
  const { uri, blob, text } = resource;
  const mediaType = textOf(resource["mimeType"]);
  const place = headOf(textOf(uri), MAX_SHOWN_CHARS);
  if (typeof text === "string") return { text: `${place}:\n${text}` };
  const data = textOf(blob);
  if (mediaType.startsWith("image/")) return imageOf(mediaType, data);
  if (takesPdf && mediaType === "application/pdf" && isPdf(data))
    return { text: `[${place}]`, shown: { type: "pdf", name: place || "document.pdf", data } };
  const bytes = Math.floor((data.length * 3) / 4);
  return { text: `[${place}: ${mediaType || "binary"}, ${bytes} bytes, not shown]` };
}

function linkOf(link: Json): string {
  const { name, title, uri, description, mimeType } = link;
  const about = [textOf(description), textOf(mimeType)].filter(Boolean).join(", ");
  return `[${textOf(title) || textOf(name)}](${textOf(uri)})${about === "" ? "" : ` ${about}`}`;
}
