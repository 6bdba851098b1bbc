// By what a migration remembers which of its hooks were called: by what they call, not by their place among the others. A plan may change on
// the way, and a hook that stops writers must not be taken for one that was called before in its place.
import { createHash } from 'node:crypto'
import type { JourneyHook } from './journey-plan.ts'
import type { StatePart } from './journey-record.ts'

/** In the order of the plan; the same hook twice is called twice. */
export function hookParts(
  hooks: readonly JourneyHook[],
  when: 'before' | 'after',
): readonly { readonly hook: JourneyHook; readonly part: StatePart }[] {
  const seen = new Map<string, number>()
  return hooks.map((hook) => {
    const key = keyOf(hook)
    const times = (seen.get(key) ?? 0) + 1
    seen.set(key, times)
    return { hook, part: `${when} ${key} ${times}` }
  })
}

function keyOf({ command, url }: JourneyHook): string {
  const address = url === undefined ? null : new URL(url)
  const called = address ? [address.origin, address.pathname, address.search] : command
  return createHash('sha256').update(JSON.stringify(called)).digest('hex').slice(0, 16)
}
