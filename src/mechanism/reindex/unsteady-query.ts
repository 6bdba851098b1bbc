// Queries that find other documents a minute later though nothing was written: those with `now` in a date, with a script or with chance.
// A call that is read in parts would ask them again for each part, and miss what has moved out of sight since it began; a scroll asks
// once.
import { isJsonObject, type JsonValue } from '../../model/json.ts'

/** As date math has it: `now`, `now-1d/d`, and within a query string `[now-1d TO now]`. */
const now = /(?:^|[^\w.-])now(?![\w.])/

const unsteadyKeys: ReadonlySet<string> = new Set(['script', 'random_score', 'script_score'])

/** True for some that are steady: that costs only speed. */
export function isUnsteady(query: JsonValue | undefined): boolean {
  if (typeof query === 'string') return now.test(query)
  if (Array.isArray(query)) return query.some(isUnsteady)
  if (!isJsonObject(query)) return false
  return Object.entries(query).some(([key, value]) => unsteadyKeys.has(key) || isUnsteady(value))
}
