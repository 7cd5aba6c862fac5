import { crc32, inflateRawSync } from "node:zlib";

/**
 * The files of a zip archive by path, in its order; read from its directory, as unpackers do.
 * @throws {Error} where the checksum of a file is another, or its local header says something else
 */
export function unzip(archive: Buffer): ReadonlyMap<string, Buffer> {
  const end = archive.length - 22;
  if (archive.readUInt32LE(end) !== 0x06054b50) throw new Error("the archive does not end as one");
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = archive.readUInt16LE(at + 28);
    const path = archive.toString("utf8", at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + nameLength;
    if (!archive.subarray(local + 4, local + 30).equals(archive.subarray(at + 6, at + 32)))
      throw new Error(`${path}: its two headers differ`);
    const contents = inflateRawSync(archive.subarray(start, start + archive.readUInt32LE(at + 20)));
    if (crc32(contents) !== archive.readUInt32LE(at + 16)) throw new Error(`${path}: another checksum`);
    files.set(path, contents);
    at += 46 + nameLength;
  }
  return files;
}
