/**
 * Content blocks, and the two files that some of them show.
 *
 * @module
 */

/** A content block of a tool's result or of a prompt's message. */
export interface Content {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A red pixel. */
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

/** A moment of silence. */
export const WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

export const image: Content = { type: "image", data: PNG, mimeType: "image/png" };

export const audio: Content = { type: "audio", data: WAV, mimeType: "audio/wav" };

export function text(text: string): Content {
  return { type: "text", text };
}

export function resource(uri: string, mimeType: string, text: string): Content {
  return { type: "resource", resource: { uri, mimeType, text } };
}
