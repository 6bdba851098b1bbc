// Who may switch a gateway: whoever may manage the cluster that traffic goes to, or whom the gateway itself lets in.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openTestCluster } from '../../../../test/documents/fill-index.ts'
import { changeSecurity } from '../../../../test/documents/security-plugin.ts'
import { testConfig } from '../../../../test/gateway/gateway-in-front.ts'
import { missingJava, useServer } from '../../../../test/servers/servers.ts'
import type { Connection } from '../../../cluster/connection.ts'
import type { GatewayConfig } from '../../../config/gateway/gateway-config.ts'
import type { JsonObject } from '../../../model/json.ts'
import { runGateway } from '../run-gateway.ts'

const [secure, plain] = ['opensearch-2.19.4-secure', 'opensearch-2.19.4'] as const
const options = { skip: missingJava(secure) ?? false, timeout: 120_000 }
const user = { name: 'switch-user', password: 'N0t-To-Switch!-1' }

interface Called {
  readonly status: number
  readonly body: JsonObject
}

/** Switches to the standby, in the name of whoever `login` (`name:password`) is. */
async function gatewayBetween(t: TestContext, cluster: Connection, access: Partial<GatewayConfig['access']>) {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-switch-rights-'))
  const standby = { nodes: [(await useServer(plain)).url] }
  const config = { ...testConfig(cluster, { access }), standby, stateFolder: folder }
  const gateway = await runGateway(config, { write: () => {}, warn: () => {}, version: '0' })
  t.after(async () => {
    await gateway.close()
    rmSync(folder, { recursive: true })
  })
  return async (login: string | undefined): Promise<Called> => {
    const authorization = login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
    const answer = await fetch(`${gateway.url}/_indexferry/cluster/_switch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: '{"to":"standby"}',
    })
    const text = await answer.text()
    return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as JsonObject) : {} }
  }
}

test('the cluster decides, by whether it lets the caller manage it', options, async (t) => {
  const server = await useServer(secure)
  if (!server.caFile) return t.skip('its CA file is not known here')
  await using cluster = await openTestCluster('target', secure)
  const role = { cluster_permissions: ['cluster_composite_ops', 'cluster_monitor'] }
  await changeSecurity(cluster, 'PUT', `internalusers/${user.name}`, { password: user.password })
  await changeSecurity(cluster, 'PUT', `roles/${user.name}`, role)
  await changeSecurity(cluster, 'PUT', `rolesmapping/${user.name}`, { users: [user.name] })
  try {
    const turn = await gatewayBetween(t, { nodes: [server.url], tls: { caFile: server.caFile } }, {})
    assert.equal((await turn(undefined)).status, 401)
    assert.equal((await turn(`${user.name}:wrong`)).status, 401)
    const refused = await turn(`${user.name}:${user.password}`)
    assert.equal(refused.status, 403)
    assert.equal((refused.body.error as JsonObject).type, 'security_exception')
    const done = await turn(`${server.username}:${server.password}`)
    assert.deepEqual([done.status, done.body.switched], [200, true])
  } finally {
    for (const kind of ['rolesmapping', 'roles', 'internalusers']) {
      await changeSecurity(cluster, 'DELETE', `${kind}/${user.name}`)
    }
  }
})

test('users of the gateway may, and leave a cluster that is down', options, async (t) => {
  const access = { clusterCredentials: 'own', users: [{ name: 'ann', password: 'pass-word' }] } as const
  const turn = await gatewayBetween(t, { nodes: ['http://127.0.0.1:9'] }, access)
  assert.equal((await turn('ann:wrong')).status, 401)
  const done = await turn('ann:pass-word')
  assert.deepEqual([done.status, done.body.active, done.body.switched], [200, 'standby', true])
})
