// Unpacks all frames of a zstd file. (`zstdDecompressSync` of Node takes the first one only.)
import { zstdDecompressSync } from 'node:zlib'
import { ZstdFrames } from '../../src/source/zstd-frames.ts'

export function unpackZstd(bytes: Buffer): Buffer {
  return Buffer.concat([...new ZstdFrames().cut(bytes)].map((frame) => zstdDecompressSync(frame)))
}
