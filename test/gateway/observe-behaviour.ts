// Carries out one behaviour at one place (a server or a gateway) and tells what came of it, without what differs from run to run.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../servers/http.ts'
import type { Behaviour, Step } from './reindex-behaviour.ts'

export interface Place {
  /** Of the server itself or of a gateway. */
  readonly url: string
  readonly source: string
  readonly dest: string
  /** Undefined: the source is on the same server. */
  readonly remoteHost: string | undefined
}

export interface Observed {
  readonly call: string
  readonly status: number
  readonly body: unknown
}

/** How long a task may need to come to where a step wants it. */
const withinMs = 20_000
const askAgainMs = 20

export async function observeBehaviour(behaviour: Behaviour, place: Place): Promise<Observed[]> {
  const names = { task: '' }
  const take = async (step: Step): Promise<Observed> => {
    const { status, body } = await ask(place.url + named(step.call, place, names.task).replace(/^\S+ /, ''), {
      method: /^\S+/.exec(step.call)?.[0] ?? 'GET',
      ...(step.body && { body: named(JSON.stringify(step.body), place, names.task) }),
    })
    return { call: step.call, status, body: comparable(body, place, names.task) }
  }
  for (const step of behaviour.before ?? []) {
    const { status, body } = await take(step)
    assert.ok(status < 300, `${step.call}: ${status} ${JSON.stringify(body)}`)
  }
  const started = await ask(`${place.url}/_reindex?refresh=true&${named(behaviour.query ?? '', place, '')}`, {
    method: 'POST',
    body: named(bodyOf(behaviour, place), place, ''),
  })
  const { task } = JSON.parse(started.body) as { task?: string }
  const observed: Observed[] = [
    { call: 'POST /_reindex', status: started.status, body: comparable(started.body, place, '') },
  ]
  names.task = task ?? 'no task'
  for (const step of behaviour.after ?? []) observed.push(await (step.until ? untilSo(step, take) : take(step)))
  return observed
}

async function untilSo(step: Step, take: (step: Step) => Promise<Observed>): Promise<Observed> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const observed = await take(step)
    try {
      checkParts(observed.body, step.expected, step.call)
      return { ...observed, body: {} }
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(askAgainMs)
    }
  }
}

function bodyOf({ source, dest, rest, host, remoteFields }: Behaviour, { remoteHost }: Place): string {
  const remote = remoteHost === undefined ? {} : { remote: { host: host ?? remoteHost, ...remoteFields } }
  return JSON.stringify({
    ...rest,
    source: { ...remote, index: 'SOURCE', ...source },
    dest: { index: 'DEST', ...dest },
  })
}

const named = (text: string, { source, dest }: Pick<Place, 'source' | 'dest'>, task: string): string =>
  text.replaceAll('SOURCE', source).replaceAll('DEST', dest).replaceAll('TASK', task)

function comparable(text: string, { source, dest }: Place, task: string): unknown {
  if (text === '') return undefined
  const renamed = text.replaceAll(source, 'SOURCE').replaceAll(dest, 'DEST')
  return withoutChance(
    JSON.parse((task === '' ? renamed : renamed.replaceAll(task, 'TASK')).replace(/("task":)"[^"]+:\d+"/, '$1"TASK"')),
  )
}

/** What differs from run to run, or says something about nodes only. */
const chances = new Set([
  ...['took', 'node', 'nodes', 'index_uuid', 'start_time_in_millis', 'running_time_in_nanos'],
  ...[
    'resource_stats',
    '_seq_no',
    '_primary_term',
    'cancellation_time_millis',
    'resource.id',
    'position',
    'description',
  ],
])

function withoutChance(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutChance)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([key, member]) => !chances.has(key) && !(key === 'id' && typeof member === 'number'),
  )
  const plain = Object.fromEntries(
    kept.map(([key, member]) => {
      if (key === 'throttled_millis' || key === 'throttled_until_millis') return [key, member > 0 ? 'some' : 0]
      if (key === 'slices') return [key, sumOf(member as Readonly<Record<string, number>>[])]
      return [key, withoutChance(member)]
    }),
  )
  // Which slice a document is in, and so in how many pages they come, is not the same in all versions.
  if ('slices' in plain) delete plain.batches
  return plain
}

const sumOf = (slices: readonly Readonly<Record<string, number>>[]) => {
  const sum = (key: string) => slices.reduce((total, slice) => total + (slice[key] ?? 0), 0)
  const counts = ['total', 'created', 'updated', 'deleted', 'noops', 'version_conflicts', 'throttled_millis'] as const
  return { length: slices.length, ...Object.fromEntries(counts.map((key) => [key, sum(key)])) }
}

const waits = new Set(['throttled_millis', 'throttled', 'throttled_until_millis'])

/** How long a call has waited is no part of what two answers have to have in common. */
export const timeless = (observed: readonly Observed[]): Observed[] =>
  JSON.parse(JSON.stringify(observed, (key, value) => (waits.has(key) ? undefined : value)))

export function checkParts(found: unknown, expected: unknown, where: string): void {
  if (expected instanceof RegExp) {
    const text = typeof found === 'string' ? found : JSON.stringify(found ?? null).replaceAll('\\"', '"')
    assert.match(text, expected, where)
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(found), `${where} is no list`)
    assert.equal(found.length, expected.length, `${where} holds ${JSON.stringify(found)}`)
    for (const [at, part] of expected.entries()) checkParts(found[at], part, `${where}.${at}`)
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, part] of Object.entries(expected))
      checkParts((found as Readonly<Record<string, unknown>> | undefined)?.[key], part, `${where}.${key}`)
  } else assert.equal(found, expected, where)
}
