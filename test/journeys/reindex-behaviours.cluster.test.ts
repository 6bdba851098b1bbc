// What the servers' own tests say about `_reindex` holds through the gateway, within a cluster and from a remote one. Every call is put to the
// server itself as well, and its answer is the one that the gateway has to give.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runGateway } from '../../src/apps/gateway/run-gateway.ts'
import type { RunningGateway } from '../../src/apps/gateway/start-gateway.ts'
import {
  cleanTarget,
  destIndex,
  expectNoContext,
  fillSources,
  prepareTarget,
  removeIndexes,
  sourceIndex,
} from '../gateway/behaviour-servers.ts'
import { remotes, selection, slices, throttling } from '../gateway/behaviours-of-reading.ts'
import { scripts } from '../gateway/behaviours-of-scripts.ts'
import { validation } from '../gateway/behaviours-of-validation.ts'
import { conflicts, counts, placing, routing, versions } from '../gateway/behaviours-of-writing.ts'
import { testConfig } from '../gateway/gateway-in-front.ts'
import { checkParts, type Observed, observeBehaviour, timeless } from '../gateway/observe-behaviour.ts'
import type { Behaviour } from '../gateway/reindex-behaviour.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, useServer } from '../servers/servers.ts'

const behaviours = [
  ...[counts, conflicts, versions, routing, placing, selection, slices, throttling, remotes, scripts, validation],
].flat()

/** Each target with its remote: itself once, else another one, which it can read from. */
const pairs: readonly (readonly [target: ServerName, remote: ServerName])[] = [
  ['opensearch-2.19.4', 'opensearch-1.3.14'],
  ['elasticsearch-7.10.2', 'elasticsearch-7.10.2'],
  ['opensearch-3.8.0', 'opensearch-2.19.4'],
  ['opensearch-1.3.14', 'elasticsearch-7.10.2'],
]

const pairSkip = (...names: readonly ServerName[]) => names.map((name) => missingJava(name)).find((missing) => missing)

/** What is expected of the local call, or of the one from a remote. */
function checkExpected(
  { expected, status = 200, remotely, after = [] }: Behaviour,
  observed: readonly Observed[],
  isRemote: boolean,
) {
  const [answer, ...later] = observed
  const told = isRemote ? { status, expected, ...remotely } : { status, expected }
  checkParts(answer?.body, told.expected, 'answer')
  assert.equal(answer?.status, told.status, JSON.stringify(answer))
  for (const [at, step] of after.entries()) {
    if (step.until) continue
    checkParts(later[at]?.body, step.expected ?? {}, step.call)
    assert.equal(later[at]?.status, step.status ?? 200, step.call)
  }
}

for (const [target, remote] of pairs) {
  const skip = pairSkip(target, remote) ?? false
  describe(`reindex into ${target}, from ${remote} too`, { skip, timeout: 240_000, concurrency: 4 }, () => {
    let folder: string
    let gateway: RunningGateway
    let direct: string
    let remoteHost: string

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'indexferry-behaviours-'))
      const [near, far] = [await useServer(target), await useServer(remote)]
      direct = near.url
      remoteHost = far.url
      const config = testConfig({ nodes: [direct] }, { reindex: { allowlist: ['127.0.0.1:*'] } })
      const write = () => {}
      gateway = await runGateway({ ...config, stateFolder: folder }, { write, warn: write, version: '0' })
      await Promise.all([...new Set([direct, remoteHost])].map(fillSources))
      await prepareTarget(direct)
    })
    after(async () => {
      await gateway?.close()
      rmSync(folder, { recursive: true, force: true })
      // A server that did not start is what the suite fails of; there is nothing to clean.
      if (!remoteHost) return
      await cleanTarget(direct)
      for (const url of new Set([direct, remoteHost])) {
        await expectNoContext(url)
        await removeIndexes(url)
      }
    })

    for (const [number, behaviour] of behaviours.entries()) {
      test(behaviour.what, async () => {
        const { from = 'three', remote: how = 'alike' } = behaviour
        const observe = async (place: string, url: string, host?: string) => {
          const names = { source: sourceIndex(from), dest: destIndex(place, number) }
          const observed = await observeBehaviour(behaviour, { url, remoteHost: host, ...names })
          try {
            checkExpected(behaviour, observed, host !== undefined)
          } catch (error) {
            const who = `${url === direct ? 'the server' : 'the gateway'}${host === undefined ? '' : ', from a remote'}`
            throw new Error(`${who}: ${(error as Error).message}\n${JSON.stringify(observed, undefined, 1)}`)
          }
          return timeless(observed)
        }
        const [passed, real, ours] = await Promise.all([
          how === 'only' ? undefined : observe('a', gateway.url),
          how === 'no' || how === 'ours' ? undefined : observe('b', direct, remoteHost),
          how === 'no' ? undefined : observe('c', gateway.url, remoteHost),
        ])
        const theirs = how === 'ours' ? passed : real
        if (how === 'no' || behaviour.ownWords) return
        assert.deepEqual(ours, theirs)
      })
    }
  })
}
