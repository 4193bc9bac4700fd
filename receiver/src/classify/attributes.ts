/**
 * OTLP attribute values as the strings that ClickHouse's maps hold.
 *
 * In: decoded attribute values. Out: text; arrays and maps as JSON, bytes as base64, as OTLP/JSON
 * and the Collector write them. Pure.
 */
import type { AttributeMap, AttributeValue } from "../base/records.ts";

/** One value as text. An empty AnyValue is empty text. */
export function attributeText(value: AttributeValue | undefined): string {
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
