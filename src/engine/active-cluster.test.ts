import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ActiveCluster } from './active-cluster.ts'
import { openGatewayDatabase } from './gateway-database.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'indexferry-active-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

type Work = (active: ActiveCluster) => void

/** As one run of a gateway with this configuration. */
function run(path: string, cluster: string, standby: string | undefined, work: Work): void {
  using database = openGatewayDatabase(path)
  work(
    new ActiveCluster({ database, cluster: { nodes: [cluster] }, standby: standby ? { nodes: [standby] } : undefined }),
  )
}

const [one, two, three] = ['http://one:9200', 'http://two:9200', 'http://three:9200']

const is =
  (role: string, url: string): Work =>
  (active) => {
    assert.equal(active.role, role)
    assert.deepEqual(active.connection.nodes, [url])
  }

test('it is the cluster until it is switched, and a restart keeps it', (t) => {
  const path = folder(t)
  run(path, one, two, (active) => {
    is('cluster', one)(active)
    assert.equal(active.sinceMs, undefined)
    active.switchTo('standby')
    is('standby', two)(active)
  })
  run(path, one, two, (active) => {
    is('standby', two)(active)
    assert.ok((active.sinceMs ?? 0) > 0)
    active.switchTo('cluster')
  })
  run(path, one, two, is('cluster', one))
})

test('traffic stays with its cluster when the sections change places', (t) => {
  const path = folder(t)
  run(path, one, two, (active) => active.switchTo('standby'))
  run(path, two, one, is('cluster', two))
  run(path, `${two}/`, undefined, is('cluster', `${two}/`))
  run(path, two, three, (active) => active.switchTo('standby'))
  run(path, three, two, is('cluster', three))
})

test('an address that is new takes the place of its section, and a cluster that is gone is missed', (t) => {
  const path = folder(t)
  run(path, one, two, (active) => active.switchTo('standby'))
  run(path, one, three, is('standby', three))
  assert.throws(() => run(path, one, undefined, () => {}), /was switched to http:\/\/two:9200, which the configuration/)
  run(path, one, two, (active) => active.switchTo('cluster'))
  run(path, three, undefined, is('cluster', three))
})
