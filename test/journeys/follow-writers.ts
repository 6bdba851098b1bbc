// Clients of a source that is followed: they index, update, delete, delete by query and bring back, with and without routing.
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { testType } from '../documents/fill-index.ts'

export interface Writers {
  /** Operations that were acknowledged so far. */
  readonly operations: number
  /** Resolves when the last request was answered. */
  stop(): Promise<void>
}

interface WritersOptions {
  readonly source: Cluster
  readonly index: string
  readonly chance: () => number
  readonly ids: number
  readonly pauseMs: number
  /** Whether requests may fail, because the source is in trouble. */
  readonly mayFail?: boolean
}

/** Ids whose number can be divided by 5 are routed, always to the same place: another routing would be another document. */
export const routingOf = (number: number): string | undefined => (number % 5 === 0 ? `r${number % 7}` : undefined)

export function startWriters(options: WritersOptions): Writers {
  const state = { operations: 0, isStopped: false }
  const running = [0, 1].map((writer) => write(options, state, writer))
  return {
    get operations() {
      return state.operations
    },
    stop: async () => {
      state.isStopped = true
      await Promise.all(running)
    },
  }
}

async function write(options: WritersOptions, state: { operations: number; isStopped: boolean }, writer: number) {
  while (!state.isStopped) {
    await request(options, state, writer).catch((error: unknown) => {
      if (!options.mayFail) throw error
    })
    await new Promise((resolve) => setTimeout(resolve, options.pauseMs))
  }
}

async function request(options: WritersOptions, state: { operations: number }, writer: number): Promise<void> {
  const { source, index, chance, ids } = options
  if (chance() < 0.04) {
    await deleteByQuery(source, index, Math.floor(chance() * 50))
    return
  }
  const lines: string[] = []
  const count = 1 + Math.floor(chance() * 30)
  for (let at = 0; at < count; at++) lines.push(...operation(source, Math.floor(chance() * ids), chance, writer))
  await source.json({
    method: 'POST',
    path: indexPath(index, '_bulk'),
    contentType: 'ndjson',
    body: Buffer.from(`${lines.join('\n')}\n`),
  })
  state.operations += count
}

function operation(source: Cluster, number: number, chance: () => number, writer: number): string[] {
  const typed = source.capabilities.mappingTypes === 'one' ? { _type: testType(source) } : {}
  const target = { _id: `d-${number}`, routing: routingOf(number), ...typed }
  const dice = chance()
  if (dice < 0.3) return [JSON.stringify({ delete: target })]
  const fields = { n: number, group: number % 50, writer, at: Math.floor(chance() * 1e9), text: 'ü "x" \\'.repeat(4) }
  if (dice < 0.45) return [JSON.stringify({ update: target }), JSON.stringify({ doc: fields, doc_as_upsert: true })]
  return [JSON.stringify({ index: target }), JSON.stringify(fields)]
}

async function deleteByQuery(source: Cluster, index: string, group: number): Promise<void> {
  await source.json({
    method: 'POST',
    path: indexPath(index, '_delete_by_query'),
    query: { conflicts: 'proceed', refresh: true },
    body: { query: { bool: { filter: [{ term: { group } }, { range: { at: { lt: 3e8 } } }] } } },
  })
}
