import { IndexferryError } from './errors.ts'

/** Stops on a broken invariant. The only way a defect of our own is reported. */
export function assert(condition: unknown, expectation: string): asserts condition {
  if (!condition) throw new IndexferryError('INTERNAL', `expected that ${expectation}`)
}
