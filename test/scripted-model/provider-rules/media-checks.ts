// Images and documents as providers look at them: by their bytes.
import { imageSize } from "image-size";
import { textOf, type Report } from "./report.ts";

const MAX_BASE64 = 5 * 1024 * 1024;

/** What the first bytes of an image say. Independent of the code that is checked. */
const SIGNATURES: readonly (readonly [string, (head: string) => boolean])[] = [
  ["image/png", (head) => head.startsWith("\x89PNG\r\n\x1a\n")],
  ["image/jpeg", (head) => head.startsWith("\xff\xd8\xff")],
  ["image/gif", (head) => /^GIF8[79]a/.test(head)],
  ["image/webp", (head) => /^RIFF[^]{4}WEBP/.test(head)],
];

const isBase64 = (data: string): boolean =>
  data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);

export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/** Reports what is wrong with an image; its dimensions where they can be read. */
export function checkImage(
  mediaType: unknown,
  data: unknown,
  where: string,
  report: Report,
): Dimensions | null {
  if (typeof data !== "string" || typeof mediaType !== "string" || !isBase64(data)) {
    report("image-type", where);
    return null;
  }
  if (data === "" || data.length > MAX_BASE64) report("image-size", `${where}: ${data.length}`);
  const bytes = Buffer.from(data, "base64");
  const head = bytes.subarray(0, 32).toString("latin1");
  const found = SIGNATURES.find(([, signature]) => signature(head))?.[0];
  try {
    const { width, height } = imageSize(bytes);
    if (found === mediaType && width > 0 && height > 0) return { width, height };
  } catch {
    // Said below.
  }
  report("image-type", `${where}: ${mediaType}, and is ${found}`);
  return null;
}

/** Of a `data:` URL, as OpenAI's dialects carry it. */
export function checkDataUrl(url: unknown, where: string, report: Report): void {
  const [, mediaType, data] = /^data:([^;,]+);base64,([^]*)$/.exec(textOf(url)) ?? [];
  checkImage(mediaType, data, where, report);
}

export function checkPdf(data: unknown, where: string, report: Report): void {
  const isPdf =
    typeof data === "string" &&
    isBase64(data) &&
    Buffer.from(data.slice(0, 8), "base64").toString("latin1").startsWith("%PDF-");
  if (!isPdf) report("pdf-is-pdf", where);
}

export function checkPdfUrl(url: unknown, where: string, report: Report): void {
  checkPdf(/^data:application\/pdf;base64,([^]*)$/.exec(textOf(url))?.[1], where, report);
}
