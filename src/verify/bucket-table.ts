// Any number of documents in a fixed number of buckets: how many, and the sum of their digests. Sums do not depend on the order of
// reading, and equal sides have equal tables.
import type { DocumentDigester } from './document-digest.ts'

/** Documents that one bucket should hold: what a single difference costs in the second scan. */
const documentsPerBucket = 256
const bucketBitsMin = 10
/** 2^20 buckets of 20 bytes: 20 MiB for each side. */
const bucketBitsMax = 20

/** When nobody knows how many documents there are. */
const bucketBitsDefault = 16

/** The number of buckets for so many documents, as a power of two: its exponent. */
export function chooseBucketBits(documents: number | undefined): number {
  if (documents === undefined) return bucketBitsDefault
  const bits = Math.ceil(Math.log2(Math.max(1, documents / documentsPerBucket)))
  return Math.min(bucketBitsMax, Math.max(bucketBitsMin, bits))
}

export class BucketTable {
  readonly bits: number
  readonly size: number
  readonly counts: Uint32Array
  /** Four lanes per bucket, each a sum modulo 2^32. */
  readonly sums: Uint32Array
  documents = 0
  bytes = 0
  /** Documents of which the side has no `_source`. */
  withoutSource = 0

  constructor(bits: number) {
    this.bits = bits
    this.size = 2 ** bits
    this.counts = new Uint32Array(this.size)
    this.sums = new Uint32Array(this.size * 4)
  }

  add(document: DocumentDigester): void {
    const { lanes } = document
    this.addDigest(
      document.identityHigh,
      lanes[0] as number,
      lanes[1] as number,
      lanes[2] as number,
      lanes[3] as number,
    )
    this.addSize(document.sourceLength)
  }

  addDigest(identityHigh: number, a: number, b: number, c: number, d: number): void {
    const bucket = bucketOf(identityHigh, this.bits)
    const { sums } = this
    const at = bucket * 4
    ;(this.counts[bucket] as number)++
    ;(sums[at] as number) += a
    ;(sums[at + 1] as number) += b
    ;(sums[at + 2] as number) += c
    ;(sums[at + 3] as number) += d
    this.documents++
  }

  /** `sourceLength` below zero: the document has no `_source`. */
  addSize(sourceLength: number): void {
    if (sourceLength < 0) this.withoutSource++
    else this.bytes += sourceLength
  }

  addTable(other: BucketTable): void {
    for (let i = 0; i < this.size; i++) (this.counts[i] as number) += other.counts[i] as number
    for (let i = 0; i < this.sums.length; i++) (this.sums[i] as number) += other.sums[i] as number
    this.documents += other.documents
    this.bytes += other.bytes
    this.withoutSource += other.withoutSource
  }

  clear(): void {
    this.counts.fill(0)
    this.sums.fill(0)
    this.documents = 0
    this.bytes = 0
    this.withoutSource = 0
  }

  /**
   * One digest of the whole side: the sum over all documents, as 32 hexadecimal digits. It does not depend on the number of buckets, so
   * that reports of different days can be compared.
   */
  digest(): string {
    const total = new Uint32Array(4)
    for (let i = 0; i < this.sums.length; i++) (total[i % 4] as number) += this.sums[i] as number
    return [...total].map((lane) => lane.toString(16).padStart(8, '0')).join('')
  }
}

export const bucketOf = (identityHigh: number, bits: number): number => identityHigh >>> (32 - bits)

/** The buckets in which the sides differ, ascending. */
export function listDifferingBuckets(a: BucketTable, b: BucketTable): number[] {
  const differing: number[] = []
  for (let bucket = 0; bucket < a.size; bucket++) {
    const at = bucket * 4
    if (
      a.counts[bucket] !== b.counts[bucket] ||
      a.sums[at] !== b.sums[at] ||
      a.sums[at + 1] !== b.sums[at + 1] ||
      a.sums[at + 2] !== b.sums[at + 2] ||
      a.sums[at + 3] !== b.sums[at + 3]
    ) {
      differing.push(bucket)
    }
  }
  return differing
}
