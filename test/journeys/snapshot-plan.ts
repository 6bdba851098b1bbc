// What the journeys by snapshots have in common: their documents, and looking at what became of them.
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { testType } from '../documents/fill-index.ts'

export const movies = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({ id: `m${from + at}`, source: `{"title": "movie ${from + at}"}` }))

export async function countOf(cluster: Cluster, index: string): Promise<number> {
  await cluster.json({ method: 'POST', path: indexPath(index, '_refresh') })
  const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
  return body.count
}

/** 201 or 200 where the index can be written to, 403 where writes are blocked. */
export async function write(cluster: Cluster, index: string): Promise<number> {
  const path = indexPath(index, `${testType(cluster)}/probe`)
  const { status } = await cluster.json({ method: 'PUT', path, body: { title: 'probe' }, accept: [403] })
  return status
}

export async function holders(cluster: Cluster, alias: string): Promise<string[]> {
  const { body, status } = await cluster.json<object>({ method: 'GET', path: `/_alias/${alias}`, accept: [404] })
  return status === 404 ? [] : Object.keys(body).sort()
}

/** YAML takes JSON. */
export const asPlan = (plan: object): string => JSON.stringify(plan, null, 2)
