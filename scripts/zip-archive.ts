import { crc32, deflateRawSync } from "node:zlib";

/** 1980-01-01 00:00, the format's earliest time: date in the high word, time in the low one. */
const EPOCH = 0x00210000;
/** Flag: names are UTF-8. */
const UTF8_NAMES = 0x0800;
const DEFLATED = 8;
/** Made on Unix, with version 2.0 of the format. */
const MADE_BY = 0x0314;
/** Mode of a regular file that everybody may read. */
const MODE = 0o100644;
/** Most files of an archive without the ZIP64 extension. */
const MAX_ENTRIES = 0xffff;

/**
 * A zip archive (APPNOTE 6.3.10) of files by path, with `/`. The same files give the same bytes, in any order, on any day, on every
 * machine with this Node (its deflate decides the bytes).
 * @throws {Error} for more than 65,535 files, or for a path that an unpacker would put elsewhere
 */
export function zipArchive(files: ReadonlyMap<string, Uint8Array>): Buffer {
  if (files.size > MAX_ENTRIES)
    throw new Error(`${files.size} files are more than the ${MAX_ENTRIES} of a zip archive`);
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [path, contents] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (path.startsWith("/") || path.includes("\\") || path.split("/").includes(".."))
      throw new Error(`${path} leads out of the archive: give a relative path with /`);
    const name = Buffer.from(path);
    const packed = deflateRawSync(contents, { level: 9 });
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0); // version needed
    about.writeUInt16LE(UTF8_NAMES, 2);
    about.writeUInt16LE(DEFLATED, 4);
    about.writeUInt32LE(EPOCH, 6);
    about.writeUInt32LE(crc32(contents), 10);
    about.writeUInt32LE(packed.length, 14);
    about.writeUInt32LE(contents.length, 18);
    about.writeUInt16LE(name.length, 22);
    local.push(signature(0x04034b50), about, name, packed);
    const place = Buffer.alloc(14); // first: no comment, first disk, no other attributes
    place.writeUInt32LE(MODE * 0x10000, 6);
    place.writeUInt32LE(offset, 10);
    central.push(signature(0x02014b50), uint16(MADE_BY), about, place, name);
    offset += 4 + about.length + name.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.size, 4);
  end.writeUInt16LE(files.size, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, signature(0x06054b50), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
