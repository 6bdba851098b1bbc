import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hookParts } from './hook-parts.ts'
import type { JourneyHook } from './journey-plan.ts'

const hookOf = (called: { command?: string[]; url?: string }): JourneyHook => ({
  phase: 'block',
  when: 'before',
  command: undefined,
  url: undefined,
  headers: {},
  timeLimitMs: 1_000,
  ...called,
})
const partsOf = (...hooks: JourneyHook[]) => hookParts(hooks, 'before').map(({ part }) => part)

test('a hook is known again wherever it stands, and an other one in its place is not it', () => {
  const notify = hookOf({ command: ['./notify.sh'] })
  const stop = hookOf({ command: ['./stop-writers.sh'] })
  const [first, second] = partsOf(notify, stop)
  assert.notEqual(first, second)
  assert.deepEqual(partsOf(stop, notify), [second, first])
  assert.deepEqual(partsOf(stop), [second])
  assert.notDeepEqual(partsOf(hookOf({ command: ['./stop-writers.sh', 'all'] })), [second])
  assert.notDeepEqual(hookParts([stop], 'after')[0]?.part, second)
  // More time or another token make it no other hook.
  assert.deepEqual(partsOf({ ...stop, timeLimitMs: 5 }), [second])
  const [at] = partsOf(hookOf({ url: 'https://me:one@deploy.example.com/switch?to=b' }))
  assert.deepEqual(partsOf(hookOf({ url: 'https://me:two@deploy.example.com/switch?to=b' })), [at])
  assert.notDeepEqual(partsOf(hookOf({ url: 'https://deploy.example.com/switch?to=a' })), [at])
})

test('the same hook twice is called twice', () => {
  const say = hookOf({ command: ['./say.sh'] })
  assert.equal(new Set(partsOf(say, say)).size, 2)
})
