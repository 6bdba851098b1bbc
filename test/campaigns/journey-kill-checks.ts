// What must hold when a migration that was killed many times is at its end.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { readIndexStates } from '../../src/mechanism/snapshot/index-states.ts'
import type { JourneyRecord } from '../../src/migration/snapshot-journey/journey-record.ts'
import { testType } from '../documents/fill-index.ts'
import type { Indexferry } from '../journeys/indexferry.ts'
import type { JourneyWriter } from './journey-kill-writer.ts'
import { checkDocuments, upTo } from './kill-checks.ts'

export interface JourneyNames {
  readonly migration: string
  readonly index: string
  readonly restored: string
  /** What the alias led to before. */
  readonly former: string
  readonly alias: string
  readonly isReleased: boolean
}

interface EndedJourney {
  readonly names: JourneyNames
  readonly indexferry: Indexferry
  readonly source: Cluster
  readonly target: Cluster
  readonly writer: JourneyWriter
}

export async function checkDone(journey: EndedJourney & { readonly urls: readonly string[] }): Promise<void> {
  const { names, indexferry, source, target, writer, urls } = journey
  const { record } = await indexferry.json<{ record: JourneyRecord }>(['status', names.migration])
  assert.equal(record.state, 'completed')
  assert.equal(record.verification.length, 5)
  assert.ok(record.verification.every(({ isGood }) => isGood))
  await checkOpen(journey)
  await checkDocuments(target, names.restored, upTo(writer.acknowledged))
  const { verdict } = await indexferry.verify([`${urls[0]}/${names.index}`, `${urls[1]}/${names.restored}`])
  assert.equal(verdict, 'equal')
  assert.deepEqual(await holders(target, names.alias), [names.restored])
  const [left, right] = [await write(source, names.index), await write(target, names.restored)]
  assert.deepEqual([left, right], [names.isReleased ? 201 : 403, 201], 'writes on the source, and on the target')
  await checkSettings(journey)
}

export async function checkTakenBack(journey: EndedJourney): Promise<void> {
  const { names, source, target, writer } = journey
  await checkOpen(journey)
  await checkDocuments(source, names.index, upTo(writer.acknowledged))
  assert.deepEqual(await holders(target, names.alias), [names.former])
  assert.equal(await write(source, names.index), 201, 'writes on the source')
  const block = await setting(source, names.index, 'blocks')
  assert.ok(block === undefined || JSON.stringify(block).includes('"false"'), 'no block is left')
}

/** Everything is open, and nothing has to be mended any more. */
async function checkOpen({ names, indexferry, source, target }: EndedJourney): Promise<void> {
  for (const [cluster, name] of [
    [source, names.index],
    [target, names.restored],
    [target, names.former],
  ] as const) {
    const state = (await readIndexStates(cluster, [name])).get(name)
    assert.notEqual(state?.isOpen, false, `${name} is open`)
  }
  const notes = await readdir(join(indexferry.state, 'restores'), { recursive: true }).catch(() => [])
  assert.deepEqual(
    notes.filter((name) => name.endsWith('.json')),
    [],
    'notes of restores',
  )
}

/** Relaxed settings were put back. */
async function checkSettings({ names, target }: EndedJourney): Promise<void> {
  assert.equal(await setting(target, names.restored, 'number_of_replicas'), '0')
  assert.notEqual(await setting(target, names.restored, 'refresh_interval'), '-1')
}

async function setting(cluster: Cluster, index: string, name: string): Promise<unknown> {
  const { body } = await cluster.json<Record<string, { settings: { index: Record<string, unknown> } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
  })
  return body[index]?.settings.index[name]
}

async function holders(cluster: Cluster, alias: string): Promise<string[]> {
  const { body, status } = await cluster.json<object>({ method: 'GET', path: `/_alias/${alias}`, accept: [404] })
  return status === 404 ? [] : Object.keys(body)
}

async function write(cluster: Cluster, index: string): Promise<number> {
  const path = indexPath(index, `${testType(cluster)}/probe`)
  return (await cluster.json({ method: 'PUT', path, body: { n: -1 }, accept: [403] })).status
}
