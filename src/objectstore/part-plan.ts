// In how many parts a large object goes.
import { IndexferryError } from '../foundation/errors.ts'
import type { ObjectRange, StoreAbilities } from './object-store.ts'

const MiB = 1024 ** 2

/** The size that was asked for, or what it takes to stay within the parts that the store allows. Whole MiB. */
export function partSizeFor(size: number, wanted: number, abilities: StoreAbilities): number {
  const needed = Math.ceil(size / abilities.partsMax / MiB) * MiB
  const partSize = Math.max(wanted, needed, abilities.partSizeMin)
  if (size > abilities.objectSizeMax || partSize > abilities.partSizeMax)
    throw new IndexferryError('REQUEST_REFUSED', `an object of ${size} bytes is larger than the store can hold`)
  return partSize
}

export const partsOf = (size: number, partSize: number): number => Math.ceil(size / partSize)

/** Of part `number`, from 1. */
export function partRange(size: number, partSize: number, number: number): ObjectRange {
  const from = (number - 1) * partSize
  return { from, length: Math.min(partSize, size - from) }
}
