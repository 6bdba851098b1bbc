// Pushes the bytes of an array of hits through a scanner, in whatever pieces.

import type { DocumentBatch } from '../../src/model/document-batch.ts'
import { HitScanner } from '../../src/source/hit-scanner.ts'

/** A batch is taken after each piece that `takeAfter` says so for, and at the end. */
export function scanHits(
  pieces: Iterable<Buffer>,
  takeAfter: (piece: number) => boolean = () => true,
  windowBytes = 64,
): { batches: DocumentBatch[]; scanner: HitScanner } {
  const scanner = new HitScanner(windowBytes, 64 * 1024 * 1024)
  const batches: DocumentBatch[] = []
  let number = 0
  for (const piece of pieces) {
    scanner.push(piece)
    if (scanner.count > 0 && takeAfter(number++)) batches.push(scanner.take())
  }
  if (scanner.count > 0) batches.push(scanner.take())
  return { batches, scanner }
}

export function cutInPieces(bytes: Buffer, pieceBytes: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes))
  return pieces
}
