// The objects that are moved: sizes from small to large as a snapshot repository has them, contents that can be made again.
import { createHash } from 'node:crypto'
import { seededChance } from '../../test/faults/seeded-chance.ts'

export interface ObjectSet {
  readonly name: string
  readonly title: string
  readonly sizes: readonly number[]
}

export interface MadeObject {
  readonly key: string
  readonly bytes: Buffer
}

const kilobyte = 1024
const largest = 64 * 1024 * 1024

/** `count` objects from 1 KB to 64 MB that come to `total` bytes: many small ones, few large ones. */
export function mixedSizes(count: number, total: number): number[] {
  const sizesFor = (exponent: number) =>
    Array.from({ length: count }, (_, n) =>
      Math.round(kilobyte * (largest / kilobyte) ** ((n / Math.max(1, count - 1)) ** exponent)),
    )
  let [low, high] = [0.01, 1000]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (sum(sizesFor(middle)) > total) low = middle
    else high = middle
  }
  return sizesFor(high)
}

export const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

/** Object `n` of a set; names in a few folders, in an order that has nothing to do with the sizes. */
export function makeObject(set: ObjectSet, n: number): MadeObject {
  const size = set.sizes[n] as number
  const bytes = Buffer.allocUnsafe(size)
  const chance = seededChance(n + 1)
  // A block of chance, over and over, with the number of the object in each: no two are the same, and making them takes no time.
  const block = Buffer.from(Array.from({ length: Math.min(size, 4096) }, () => Math.floor(chance() * 256)))
  for (let at = 0; at < size; at += block.length) block.copy(bytes, at)
  for (let at = 0; at + 12 <= size; at += 4096) bytes.writeUIntBE(n * 65_536 + (at >> 12), at, 6)
  return { key: keyOf(n), bytes }
}

export const keyOf = (n: number): string => {
  const name = createHash('md5').update(String(n)).digest('hex')
  return `indices/${name[0]}/0/__${name}`
}
