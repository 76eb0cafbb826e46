// What is text: UTF-8 without NUL.
import { CodedError } from "../../coded-error.ts";

/** As git does it: a NUL among the first bytes makes a file binary. */
const BINARY_PROBE_BYTES = 8000;

export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, BINARY_PROBE_BYTES).includes(0);
}

/** The text of a whole file, byte order mark included; undefined when it is not UTF-8 text. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (isBinary(bytes)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function refuseBinary(path: string): never {
  throw new CodedError("binary_file", `${path} is not UTF-8 text; read it with encoding "base64"`, {
    data: { path },
  });
}
