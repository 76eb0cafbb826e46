// Where characters begin and end in UTF-8 bytes, so that a text view never splits one.

const MAX_CHARACTER_BYTES = 4;

/** How many bytes of `bytes` are whole characters; at most three fewer than all. Bytes that no continuation can mend count as whole. */
export function wholeCharactersLength(bytes: Uint8Array): number {
  for (let back = 1; back < MAX_CHARACTER_BYTES && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    return characterLength(byte) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** How many bytes at the start continue a character that began before. */
export function leadingContinuationLength(bytes: Uint8Array): number {
  let length = 0;
  while (
    length < MAX_CHARACTER_BYTES - 1 &&
    length < bytes.length &&
    isContinuation(bytes[length] ?? 0)
  )
    length++;
  return length;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The length that a first byte announces; 1 for a byte that begins nothing. */
function characterLength(first: number): number {
  if (first >= 0xf0 && first <= 0xf4) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xc2 && first < 0xe0) return 2;
  return 1;
}
