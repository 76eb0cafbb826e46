// How many images Anthropic takes in one request, and how large they may then be.
import { judgeImage } from "../media/image.ts";
import { isObject, objectsOf, textOf, type Json } from "./json.ts";

const MAX_IMAGES = 100;
const MAX_PIXELS = 8_000;
/** Where a request has more than twenty. */
const MANY_IMAGES = 20;
const MAX_PIXELS_OF_MANY = 2_000;

/** Those that must be left out, the oldest of too many first, and why. Images that cannot be read do not count. */
export function imagesToLeaveOut(messages: readonly Json[]): Map<Json, string> {
  const readable = messages.flatMap(imagesOf).flatMap((image) => {
    const source = isObject(image["source"]) ? image["source"] : {};
    const { problem, pixels } = judgeImage(textOf(source["media_type"]), textOf(source["data"]));
    return problem === null ? [{ image, pixels }] : [];
  });
  const large = readable.filter(({ pixels }) => pixels > MAX_PIXELS);
  const fitting = readable.filter(({ pixels }) => pixels <= MAX_PIXELS);
  const tooMany = fitting.slice(0, Math.max(0, fitting.length - MAX_IMAGES));
  const kept = fitting.slice(tooMany.length);
  const largeOfMany =
    kept.length > MANY_IMAGES ? kept.filter(({ pixels }) => pixels > MAX_PIXELS_OF_MANY) : [];
  const because = (images: typeof readable, why: string): [Json, string][] =>
    images.map(({ image }) => [image, why]);
  return new Map([
    ...because(large, `it is more than ${MAX_PIXELS} pixels wide or high`),
    ...because(tooMany, `${MAX_IMAGES} newer ones fill the request`),
    ...because(
      largeOfMany,
      `beside ${MANY_IMAGES} others it may have ${MAX_PIXELS_OF_MANY} pixels`,
    ),
  ]);
}

function imagesOf(message: Json): Json[] {
  if (message["role"] === "assistant") return [];
  return objectsOf(message["content"])
    .flatMap((block) => (block["type"] === "tool_result" ? objectsOf(block["content"]) : [block]))
    .filter(({ type }) => type === "image");
}
