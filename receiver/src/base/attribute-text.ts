/**
 * OTLP attribute values as the strings that ClickHouse's maps hold.
 *
 * In: decoded attribute values. Out: text; arrays and maps as JSON, bytes as base64, as OTLP/JSON
 * and the Collector write them. Pure.
 */
import { hash } from "node:crypto";
import type { AttributeMap, AttributeValue } from "./records.ts";
import { TEXT_SIZE_MAX_BYTES } from "./span-rules.ts";

/** Most bytes of UTF-8 that one UTF-16 unit takes. */
const UTF8_SIZE_MAX_BYTES = 3;

/**
 * One value as text. An empty AnyValue is empty text; of text above `TEXT_SIZE_MAX_BYTES` the
 * beginning is kept, at a character's edge, with a marker.
 */
export function attributeText(value: AttributeValue | undefined): string {
  const text = wholeText(value);
  return text.length * UTF8_SIZE_MAX_BYTES > TEXT_SIZE_MAX_BYTES ? cut(text) : text;
}

function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= TEXT_SIZE_MAX_BYTES) return text;
  let end = TEXT_SIZE_MAX_BYTES;
  while (isContinuation(bytes[end] as number)) end -= 1;
  const digest = hash("sha256", bytes, "hex");
  return `${bytes.toString("utf8", 0, end)}[cut: ${bytes.length} bytes, sha256:${digest}]`;
}

/** Whether a byte continues a character of UTF-8. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function wholeText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object" && !(value instanceof Uint8Array)) return attributeJson(value);
  if (value instanceof Uint8Array) return base64(value);
  return String(value);
}

/** A whole attribute map as text by key. */
export function attributeTexts(attributes: AttributeMap): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of attributes) texts.set(key, attributeText(value));
  return texts;
}

/** A list of strings, whether it came as an array or as a single value. */
export function attributeList(value: AttributeValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(attributeText) : [attributeText(value)];
}

/** A finite number, whether it came as int64, double or text; null where it is none. */
export function attributeNumber(value: AttributeValue | undefined): number | null {
  if (value === undefined || value === null || value === "") return null;
  const number = Number(attributeText(value));
  return Number.isFinite(number) ? number : null;
}

/** JSON by hand, because JSON.stringify knows neither bigint nor Map; integers keep every digit. */
function attributeJson(value: AttributeValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    return Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
  }
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(base64(value));
  if (value instanceof Map) {
    const members = [...value].map(
      ([key, member]) => `${JSON.stringify(key)}:${attributeJson(member)}`,
    );
    return `{${members.join(",")}}`;
  }
  return `[${[...(value as readonly AttributeValue[])].map(attributeJson).join(",")}]`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
