/**
 * The one answer in Native with a block header: clickhouse-go's first question over HTTP.
 *
 * A server that is told a `client_protocol_version` writes Native blocks with a header (field 1:
 * overflow flag, field 2: bucket number, then 0) and one byte after each column's type. chDB
 * writes blocks without, whatever it is told. clickhouse-go reads its first answer, the server's
 * name, version, revision and time zone, with the header, and all later ones by the revision that
 * it was told there. So this answer is written here, with the header and revision 0; everything
 * later is plain Native, which is what that revision means.
 *
 * In: a statement's text and the engine's identity. Out: the answer, or undefined for all other
 * statements. Pure.
 */

const QUESTION =
  /^SELECT\s+displayName\(\)\s*,\s*version\(\)\s*,\s*revision\(\)\s*,\s*timezone\(\)$/i;

/** Revision 0: the client must read and write Native as it was before block headers. */
const REVISION = 0;

/** Overflow flag off, bucket -1, end of the header. */
const BLOCK_HEADER = Buffer.from([0x01, 0x00, 0x02, 0xff, 0xff, 0xff, 0xff, 0x00]);

/** A length below 128 is one byte in LEB128; names, versions and zones are shorter. */
function shortString(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8").subarray(0, 127);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function column(name: string, type: string, value: Buffer): Buffer {
  const plainSerialisation = Buffer.from([0]);
  return Buffer.concat([shortString(name), shortString(type), plainSerialisation, value]);
}

export interface Identity {
  readonly displayName: string;
  readonly version: string;
  readonly timezone: string;
}

/** The answer to clickhouse-go's question in Native, or undefined when this is another one. */
export function answerHandshake(sql: string, identity: Identity): Buffer | undefined {
  if (!QUESTION.test(sql.trim())) return undefined;
  const revision = Buffer.alloc(4);
  revision.writeUInt32LE(REVISION);
  return Buffer.concat([
    BLOCK_HEADER,
    Buffer.from([4, 1]),
    column("displayName()", "String", shortString(identity.displayName)),
    column("version()", "String", shortString(identity.version)),
    column("revision()", "UInt32", revision),
    column("timezone()", "String", shortString(identity.timezone)),
  ]);
}
