// What the behaviours find on each server, and how it is removed.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../servers/http.ts'
import type { SourceName } from './reindex-behaviour.ts'

const mark = process.pid

export const sourceIndex = (name: SourceName): string => `behave-${mark}-src-${name}`

/** All are equally long, since places in a body are part of some answers. */
export const destIndex = (place: string, number: number): string =>
  `behave-${mark}-to-${place}${String(number).padStart(3, '0')}`

type Document = readonly [id: string, document: object, query?: string]

interface Source {
  readonly shards?: number
  readonly mappings?: object
  readonly documents: readonly Document[]
}

const sources: Readonly<Record<SourceName, Source>> = {
  three: {
    documents: [
      ['1', { n: 1, text: 'test' }, 'version=7&version_type=external'],
      ['2', { n: 2, text: 'junk' }],
      ['3', { n: 3, text: 'test' }],
    ],
  },
  none: { documents: [] },
  'empty-document': { documents: [['1', {}]] },
  filtered: { documents: [['1', { text: 'test', filtered: 'removed' }]] },
  routed: { shards: 2, documents: [['1', { text: 'test' }, 'routing=foo']] },
  joined: {
    shards: 2,
    mappings: { properties: { join: { type: 'join', relations: { parent: 'child', child: 'grandchild' } } } },
    documents: [
      ['1', { join: { name: 'parent' } }],
      ['2', { join: { name: 'child', parent: '1' } }, 'routing=1'],
      ['3', { join: { name: 'grandchild', parent: '2' } }, 'routing=1'],
    ],
  },
  shards: {
    shards: 3,
    documents: [
      ['1', { n: 1 }],
      ['2', { n: 2 }],
      ['3', { n: 3 }],
      ['4', { n: 4 }],
    ],
  },
  sourceless: { mappings: { _source: { enabled: false } }, documents: [['1', { n: 1 }]] },
}

const pipelines = {
  'behave-upper': [{ uppercase: { field: 'text' } }],
  'behave-drop': [{ drop: { if: 'ctx.n == 1' } }],
  'behave-fail': [{ fail: { message: 'Cats!' } }],
}

async function must(url: string, method: string, body?: object): Promise<string> {
  const answer = await ask(url, { method, ...(body && { body: JSON.stringify(body) }) })
  assert.ok(answer.status < 300, `${method} ${url}: ${answer.status} ${answer.body}`)
  return answer.body
}

export async function fillSources(url: string): Promise<void> {
  const make = async ([name, { shards = 1, mappings, documents }]: readonly [string, Source]) => {
    const index = sourceIndex(name as SourceName)
    const settings = { number_of_shards: shards, number_of_replicas: 0 }
    await must(`${url}/${index}`, 'PUT', { settings, ...(mappings && { mappings }) })
    for (const [id, document, query = ''] of documents)
      await must(`${url}/${index}/_doc/${id}?${query}`, 'PUT', document)
    await must(`${url}/${index}/_refresh`, 'POST')
  }
  await Promise.all(Object.entries(sources).map(make))
}

/** Indexes of one document need no copies, no disk that is in step, and no look at fields that are known. */
const template = {
  index_patterns: [`behave-${mark}-to-*`],
  settings: { number_of_shards: 1, number_of_replicas: 0, 'translog.durability': 'async' },
  mappings: { properties: { n: { type: 'long' }, text: { type: 'text' } } },
}

const autoCreate = (value: string | null) => ({ transient: { 'action.auto_create_index': value } })

export async function prepareTarget(url: string): Promise<void> {
  const put = ([id, processors]: readonly [string, object[]]) =>
    must(`${url}/_ingest/pipeline/${id}`, 'PUT', { processors })
  await Promise.all(Object.entries(pipelines).map(put))
  await must(`${url}/_template/behave`, 'PUT', template)
  await must(`${url}/_cluster/settings`, 'PUT', autoCreate('-*-forbidden,+*'))
}

/** Also after a preparation that failed half way. */
export async function cleanTarget(url: string): Promise<void> {
  const places = [...Object.keys(pipelines).map((id) => `_ingest/pipeline/${id}`), '_template/behave']
  for (const place of places) {
    const { status, body } = await ask(`${url}/${place}`, { method: 'DELETE' })
    assert.ok(status < 300 || status === 404, `DELETE ${place}: ${status} ${body}`)
  }
  await must(`${url}/_cluster/settings`, 'PUT', autoCreate(null))
}

export async function removeIndexes(url: string): Promise<void> {
  const all = JSON.parse(await must(`${url}/_cat/indices/behave-${mark}-*?format=json&h=index`, 'GET'))
  for (const { index } of all as { index: string }[]) await must(`${url}/${index}`, 'DELETE')
}

/** A context is closed after the call has been answered; one that is left stays for minutes. */
export async function expectNoContext(url: string): Promise<void> {
  for (let asked = 0; ; asked++) {
    const stats = JSON.parse(await must(`${url}/behave-${mark}-src-*/_stats/search`, 'GET'))
    const { open_contexts, point_in_time_current = 0 } = stats._all.total.search
    if (open_contexts + point_in_time_current === 0) return
    assert.ok(asked < 50, `${open_contexts} contexts and ${point_in_time_current} points in time are left at ${url}`)
    await sleep(100)
  }
}
