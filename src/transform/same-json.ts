import { isDeepStrictEqual } from 'node:util'
import type { JsonValue } from '../model/json.ts'

/** Equal as JSON values: the order of keys does not count. */
export const isSameJson = (a: JsonValue | undefined, b: JsonValue | undefined): boolean => isDeepStrictEqual(a, b)
