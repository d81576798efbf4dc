/** The ends of HTTP/1.1 answers, found without reading what is in them. */

/** How many bytes the first answer of `bytes` has; undefined where it is not whole. */
export function answerLength(bytes: Buffer): number | undefined {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const fields = bytes.toString("latin1", 0, head).toLowerCase();
  const declared = /\r\ncontent-length: *(\d+)/.exec(fields);
  const body = head + 4;
  if (declared !== null) {
    const length = body + Number(declared[1]);
    return bytes.length >= length ? length : undefined;
  }
  if (!fields.includes("transfer-encoding: chunked")) return body;
  for (let at = body;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = parseInt(bytes.toString("latin1", at, line), 16);
    at = line + 2 + size + 2;
    if (at > bytes.length) return undefined;
    if (size === 0) return at;
  }
}
