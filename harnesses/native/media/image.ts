// Whether an image is what it is said to be, and small enough: what is not is refused by every server, each time the conversation is sent.
import { imageSize } from "image-size";

/** Anthropic counts an image's base64. */
export const MAX_IMAGE_BASE64 = 5 * 1024 * 1024;
export const MAX_IMAGE_BYTES = (MAX_IMAGE_BASE64 / 4) * 3;

const MEDIA_TYPES = {
  png: "image/png",
  jpg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
} as const;
type ImageType = keyof typeof MEDIA_TYPES;
export type ImageMediaType = (typeof MEDIA_TYPES)[ImageType];

export interface ImageVerdict {
  /** Null for an image that can be shown; else why it cannot. */
  readonly problem: string | null;
  /** Of the longer side. */
  readonly pixels: number;
}

/** By the image's data, of the last ones: the same conversation is sent again and again. */
const verdicts = new Map<string, ImageVerdict & { readonly mediaType: string }>();
const MAX_VERDICTS = 200;

/** `data` is base64. */
export function judgeImage(mediaType: string, data: string): ImageVerdict {
  const known = verdicts.get(data);
  if (known?.mediaType === mediaType) return known;
  const verdict = { ...lookAt(mediaType, data), mediaType };
  if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
  verdicts.set(data, verdict);
  return verdict;
}

function lookAt(mediaType: string, data: string): ImageVerdict {
  const no = (problem: string): ImageVerdict => ({ problem, pixels: 0 });
  if (data === "") return no("it is empty");
  if (data.length > MAX_IMAGE_BASE64)
    return no(`it is larger than the ${MAX_IMAGE_BYTES} bytes that models take`);
  if (data.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) return no("it is no base64");
  const size = sizeOf(Buffer.from(data, "base64"));
  if (size === null) return no("its bytes are no image that can be read");
  if (size.mediaType !== mediaType)
    return no(`it is called ${mediaType}, and its bytes are ${size.mediaType}`);
  return { problem: null, pixels: Math.max(size.width, size.height) };
}

/** What an image is by its bytes; null for what no model takes. */
export function mediaTypeOf(bytes: Uint8Array): ImageMediaType | null {
  return sizeOf(bytes)?.mediaType ?? null;
}

function sizeOf(bytes: Uint8Array): ImageSize | null {
  try {
    const { type, width, height } = imageSize(bytes);
    if (!isImageType(type) || !(width > 0 && height > 0)) return null;
    const head = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
    return SIGNATURES[type](head) ? { mediaType: MEDIA_TYPES[type], width, height } : null;
  } catch {
    return null;
  }
}

interface ImageSize {
  readonly mediaType: ImageMediaType;
  readonly width: number;
  readonly height: number;
}

function isImageType(type: string | undefined): type is ImageType {
  return type !== undefined && type in MEDIA_TYPES;
}

/** The library looks at less of a head than servers do. */
const SIGNATURES: Readonly<Record<ImageType, (head: string) => boolean>> = {
  png: (head) => head.startsWith("\x89PNG\r\n\x1a\n"),
  jpg: (head) => head.startsWith("\xff\xd8\xff"),
  gif: (head) => /^GIF8[79]a/.test(head),
  webp: (head) => /^RIFF[^]{4}WEBP/.test(head),
};

/** A server takes a PDF by its beginning. */
export function isPdf(data: string): boolean {
  return (
    data.length % 4 === 0 &&
    /^[A-Za-z0-9+/]*={0,2}$/.test(data) &&
    Buffer.from(data.slice(0, 8), "base64").toString("latin1").startsWith("%PDF-")
  );
}
