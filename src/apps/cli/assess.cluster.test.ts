// What `indexferry assess` says about real servers, with its exit code, and that it leaves nothing behind on them.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { createTestIndex, deleteTestIndex, openTestCluster, putDocuments } from '../../../test/documents/fill-index.ts'
import { ask } from '../../../test/servers/http.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { AssessedIndex, Assessment, Finding } from '../../migration/assess/assessment.ts'
import { columns } from './format.ts'

const run = `assess-${process.pid}`
const project = fileURLToPath(new URL('../../..', import.meta.url))
const program = "const { main } = await import('./src/apps/cli/main.ts'); await main(process.argv.slice(1))"

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function indexferry(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, '--']
  const child = spawn(process.execPath, [...flags, ...args], { cwd: project, env: { ...process.env, ...env } })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

async function assess(
  args: readonly string[],
  env?: Record<string, string>,
): Promise<Assessment & { code: number | null }> {
  const { code, stdout, stderr } = await indexferry(['assess', ...args, '--json'], env)
  assert.ok(stdout.startsWith('{'), stderr)
  return { code, ...(JSON.parse(stdout) as Assessment) }
}

const errors = (findings: readonly Finding[]): Finding[] => findings.filter(({ severity }) => severity === 'error')
const only = (assessment: Assessment): AssessedIndex => {
  assert.equal(assessment.indexes.length, 1)
  return assessment.indexes[0] as AssessedIndex
}

/** The probes of other tests on the same server are gone in a moment; one that is left stays. */
async function hasOnly(cluster: Cluster, expected: readonly string[], what?: string): Promise<void> {
  let found = await listIndexes(cluster)
  for (let tries = 1; tries < 50 && !isDeepStrictEqual(found, expected); tries++) {
    await sleep(100)
    found = await listIndexes(cluster)
  }
  assert.deepEqual(found, expected, what)
}

async function listIndexes(cluster: Cluster): Promise<string[]> {
  const { body } = await cluster.json<object>({ method: 'GET', path: '/_all/_settings' })
  return Object.keys(body).filter((name) => name.includes(run) || name.startsWith('indexferry-probe-'))
}

/** Nothing of a test stays on a server, whether it succeeds or not. */
function deleteAfter(
  context: TestContext,
  side: 'source' | 'target',
  server: Parameters<typeof openTestCluster>[1],
  ...names: string[]
) {
  context.after(async () => {
    await using cluster = await openTestCluster(side, server)
    for (const name of names) await deleteTestIndex(cluster, name)
  })
}

const skipped = (...names: Parameters<typeof missingJava>[0][]) => ({
  skip: names.map(missingJava).find((reason) => reason !== undefined) ?? false,
  timeout: 400_000,
})

describe('assess', () => {
  test(
    'Elasticsearch 7.10 to OpenSearch 2.19 fits',
    skipped('elasticsearch-7.10.2', 'opensearch-2.19.4'),
    async (context) => {
      deleteAfter(context, 'source', 'elasticsearch-7.10.2', `${run}-a`, `${run}-b`)
      await using source = await openTestCluster('source', 'elasticsearch-7.10.2')
      await using target = await openTestCluster('target', 'opensearch-2.19.4')
      for (const name of [`${run}-a`, `${run}-b`]) {
        await createTestIndex(source, name, { mapping: { properties: { title: { type: 'text' } } } })
        await putDocuments(source, name, [
          { id: '1', source: '{"title":"one"}' },
          { id: '2', source: '{"title":"two"}' },
        ])
      }
      const before = (await listIndexes(target)).filter((name) => name.includes(run))
      const args = [`${source.name}/${run}-*`, `${target.name}/`]
      const result = await assess(args)
      assert.equal(result.code, 0, JSON.stringify(result))
      assert.equal(result.verdict, 'ok')
      assert.equal(result.source.version, 'Elasticsearch 7.10.2')
      assert.deepEqual(
        result.indexes.map(({ source: name, target: to, documents, readBy, verdict }) => [
          name,
          to,
          documents,
          readBy,
          verdict,
        ]),
        [`${run}-a`, `${run}-b`].map((name) => [name, name, 2, 'sequence', 'ok']),
      )
      assert.equal(result.indexes[0]?.documentBytes, 15)
      assert.ok((result.indexes[0]?.bytes ?? 0) > 0)
      assert.equal(result.estimate?.documents, 4)
      const text = await indexferry(['assess', ...args])
      assert.equal(text.code, 0)
      assert.match(text.stdout, /would succeed/)
      assert.ok(
        text.stdout.split('\n').every((line) => line.length <= columns),
        text.stdout,
      )
      await hasOnly(target, before)
    },
  )

  test(
    'what the target refuses or holds already is an error',
    skipped('elasticsearch-7.10.2', 'opensearch-2.19.4'),
    async (context) => {
      const names = ['differs', 'blocked', 'analysis', 'taken'].map((name) => `${run}-x-${name}`)
      const [differs, blocked, analysis, taken] = names as [string, string, string, string]
      deleteAfter(context, 'source', 'elasticsearch-7.10.2', ...names)
      deleteAfter(context, 'target', 'opensearch-2.19.4', differs, blocked, `${run}-x-behind`)
      await using source = await openTestCluster('source', 'elasticsearch-7.10.2')
      await using target = await openTestCluster('target', 'opensearch-2.19.4')
      const mapping = { properties: { price: { type: 'long' } } }
      for (const name of [differs, blocked, taken]) await createTestIndex(source, name, { mapping })
      await createTestIndex(source, analysis, {
        mapping,
        settings: {
          analysis: { analyzer: { mine: { type: 'custom', tokenizer: 'standard', filter: ['lowercase'] } } },
        },
      })
      await createTestIndex(target, differs, { mapping: { properties: { price: { type: 'keyword' } } } })
      await putDocuments(target, differs, [{ id: '1', source: '{"price":"1"}' }])
      await createTestIndex(target, blocked, { mapping })
      await target.json({
        method: 'PUT',
        path: indexPath(blocked, '_settings'),
        body: { index: { 'blocks.write': true } },
      })
      await createTestIndex(target, `${run}-x-behind`)
      const actions = [{ add: { index: `${run}-x-behind`, alias: taken } }]
      await target.json({ method: 'POST', path: '/_aliases', body: { actions } })
      const before = (await listIndexes(target)).filter((name) => name.includes(run))
      const result = await assess([
        `${source.name}/${run}-x-*`,
        `${target.name}/`,
        '--set',
        'analysis.analyzer.mine.tokenizer=nonsense',
      ])
      assert.equal(result.code, 3)
      const of = (name: string) => errors(result.indexes.find((index) => index.source === name)?.findings ?? [])
      assert.match(
        of(differs)
          .map(({ message }) => message)
          .join('\n'),
        /price\.type is "keyword" instead of "long"[\s\S]*already holds 1 documents/,
      )
      assert.match(of(blocked).at(-1)?.message ?? '', /forbids writing \(index\.blocks\.write\)/)
      assert.match(of(taken)[0]?.message ?? '', new RegExp(`is an alias of ${run}-x-behind on the target`))
      assert.match(of(analysis)[0]?.message ?? '', /refuses to create the index .*nonsense/)
      for (const index of result.indexes) for (const { remedy } of errors(index.findings)) assert.ok(remedy)
      assert.equal(result.indexes[0]?.verdict, 'error')
      await hasOnly(target, before)
    },
  )

  test(
    'several mapping types need a decision',
    skipped('elasticsearch-5.6.16', 'elasticsearch-8.19.2'),
    async (context) => {
      const index = `${run}-types`
      deleteAfter(context, 'source', 'elasticsearch-5.6.16', index)
      await using source = await openTestCluster('source', 'elasticsearch-5.6.16')
      await using target = await openTestCluster('target', 'elasticsearch-8.19.2')
      const mapping = { properties: { name: { type: 'keyword' } } }
      const body = {
        settings: { number_of_shards: 1, number_of_replicas: 0 },
        mappings: { user: mapping, order: mapping },
      }
      await source.json({ method: 'PUT', path: indexPath(index), body })
      for (const type of ['user', 'order']) {
        const path = indexPath(index, `${type}/1`)
        await source.json({ method: 'PUT', path, query: { refresh: true }, body: { name: type } })
      }
      const before = (await listIndexes(target)).filter((name) => name.includes(run))
      const undecided = await assess([`${source.name}/${index}`, `${target.name}/`])
      assert.equal(undecided.code, 3)
      assert.match(errors(only(undecided).findings)[0]?.message ?? '', /type/)
      assert.match(errors(only(undecided).findings)[0]?.remedy ?? '', /--types/)
      const split = await assess([`${source.name}/${index}`, `${target.name}/`, '--types', 'split'])
      assert.equal(split.code, 0, JSON.stringify(split))
      assert.deepEqual(
        split.indexes.map(({ type, target: to, documents, readBy }) => [type, to, documents, readBy]).sort(),
        [
          ['order', `${index}-order`, 1, 'scroll'],
          ['user', `${index}-user`, 1, 'scroll'],
        ],
      )
      await hasOnly(target, before)
    },
  )

  test(
    '_source that is not stored, on Elasticsearch 1.7',
    skipped('elasticsearch-1.7.6', 'opensearch-2.19.4'),
    async (context) => {
      const index = `${run}-bare`
      deleteAfter(context, 'source', 'elasticsearch-1.7.6', index)
      await using source = await openTestCluster('source', 'elasticsearch-1.7.6')
      await using target = await openTestCluster('target', 'opensearch-2.19.4')
      await createTestIndex(source, index, {
        mapping: { _source: { enabled: false }, properties: { n: { type: 'long' } } },
      })
      const args = [`${source.name}/${index}`, `${target.name}/`]
      const result = await assess(args)
      assert.equal(result.code, 3)
      const [error] = errors(only(result).findings)
      assert.match(error?.message ?? '', /_source is disabled/)
      assert.match(error?.remedy ?? '', /--allow-incomplete-source/)
      assert.equal((await assess([...args, '--allow-incomplete-source'])).code, 0)
    },
  )

  test('an index that is missing or closed', skipped('elasticsearch-7.10.2', 'opensearch-2.19.4'), async (context) => {
    const index = `${run}-closed`
    deleteAfter(context, 'source', 'elasticsearch-7.10.2', index)
    await using source = await openTestCluster('source', 'elasticsearch-7.10.2')
    await using target = await openTestCluster('target', 'opensearch-2.19.4')
    await createTestIndex(source, index)
    await source.json({ method: 'POST', path: indexPath(index, '_close') })
    const closed = await assess([`${source.name}/${index}`, `${target.name}/`])
    assert.equal(closed.code, 3)
    assert.match(errors(closed.findings)[0]?.message ?? '', /is closed/)
    const missing = await assess([`${source.name}/${run}-nowhere`, `${target.name}/`])
    assert.equal(missing.code, 3)
    assert.match(errors(missing.findings)[0]?.message ?? '', /nowhere/)
    const password = await indexferry(['assess', `http://127.0.0.1:1/${index}`, `${target.name}/`])
    assert.equal(password.code, 6)
  })
})

interface Role {
  cluster_permissions: string[]
  index_permissions: { index_patterns: string[]; allowed_actions: string[] }[]
}

/** The roles that docs/permissions.md tells people to paste, for the indexes of this test. */
async function documentedRole(name: string, pattern: string): Promise<Role> {
  const page = await readFile(new URL('../../../docs/permissions.md', import.meta.url), 'utf8')
  const json = new RegExp(`<!-- role: ${name} -->\\s*\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1]
  assert.ok(json, `docs/permissions.md has the role ${name}`)
  return JSON.parse(json.replaceAll('logs-*', pattern)) as Role
}

test(
  'privileges: the documented roles suffice, and each that is taken away is named',
  skipped('opensearch-2.19.4-secure'),
  async (context) => {
    const server = await useServer('opensearch-2.19.4-secure')
    const ca = await readFile(server.caFile as string)
    const index = `${run}-p-source`
    const password = 'Xq7.Zebra.Kiln.93'
    const users = { source: `${run}-reads`, target: `${run}-writes` }
    const security = async (method: string, path: string, body?: object) => {
      const { username, password: own } = server
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      const send = () =>
        ask(`${server.url}/_plugins/_security/api/${path}`, { method, username, password: own, ca, ...text })
      let { status, body: said } = await send()
      // All users are one document of the plugin, which another test may change at the same instant.
      for (let tries = 1; status === 409 && tries < 20; tries++) ({ status, body: said } = await send())
      assert.ok(status < 300 || method === 'DELETE', said)
    }
    const grant = async (side: 'source' | 'target', role: Role) => security('PUT', `roles/${users[side]}`, role)
    context.after(async () => {
      for (const user of Object.values(users)) {
        await security('DELETE', `internalusers/${user}`)
        await security('DELETE', `roles/${user}`)
      }
    })
    deleteAfter(context, 'source', 'opensearch-2.19.4-secure', index, `${run}-p-target`)
    const roles = {
      source: await documentedRole('opensearch-source', `${run}-p-source*`),
      target: await documentedRole('opensearch-target', `${run}-p-target*`),
    }
    for (const side of ['source', 'target'] as const) {
      await grant(side, roles[side])
      await security('PUT', `internalusers/${users[side]}`, { password, opendistro_security_roles: [users[side]] })
    }
    await using admin = await openTestCluster('source', 'opensearch-2.19.4-secure')
    await createTestIndex(admin, index, { settings: {} })
    await admin.json({
      method: 'POST',
      path: '/_aliases',
      body: { actions: [{ add: { index, alias: `${run}-p-target-alias` } }] },
    })
    await putDocuments(admin, index, [{ id: '1', source: '{"a":1}' }])

    const caFile = server.caFile as string
    const options = [
      '--source-user',
      users.source,
      '--target-user',
      users.target,
      '--source-ca',
      caFile,
      '--target-ca',
      caFile,
    ]
    const env = { INDEXFERRY_SOURCE_PASSWORD: password, INDEXFERRY_TARGET_PASSWORD: password }
    const sides = [`${server.url}/${index}`, `${server.url}/${run}-p-target`, ...options]
    const before = (await listIndexes(admin)).filter((name) => name.includes(run))
    for (const way of ['sequence', 'scroll', 'pointInTime']) {
      const result = await assess([...sides, '--read-by', way], env)
      assert.equal(result.code, 0, JSON.stringify(result))
      assert.deepEqual(privilegesIn(result), [], way)
      assert.ok(result.findings.some(({ check, severity }) => check === 'certificate' && severity === 'ok'))
    }

    const without = (role: Role, action: string): Role => ({
      cluster_permissions: role.cluster_permissions.filter((each) => each !== action),
      index_permissions: role.index_permissions.map((each) => ({
        ...each,
        allowed_actions: each.allowed_actions.filter((allowed) => allowed !== action),
      })),
    })
    const cases = [
      ['source', 'indices:data/read/search*', 'error', /indices:data\/read\/search/],
      ['source', 'indices:monitor/stats', 'error', /indices:monitor\/stats/],
      ['source', 'indices:monitor/settings/get', 'error', /indices:monitor\/settings\/get/],
      ['source', 'indices:admin/refresh*', 'warning', /indices:admin\/refresh/],
      ['target', 'indices:admin/create', 'error', /indices:admin\/create/],
      ['target', 'indices:admin/delete', 'error', /indices:admin\/delete/],
      ['target', 'indices:data/write/index', 'error', /indices:data\/write\/index/],
      ['target', 'indices:admin/settings/update', 'error', /indices:admin\/settings\/update/],
      ['target', 'indices:admin/aliases', 'error', /indices:admin\/aliases/],
    ] as const
    for (const [side, action, severity, words] of cases) {
      await grant(side, without(roles[side], action))
      const result = await assess(sides, env)
      await grant(side, roles[side])
      const named = privilegesIn(result).filter((found) => words.test(found.message))
      assert.ok(
        named.some((found) => found.severity === severity && words.test(found.remedy ?? '')),
        `${side} without ${action}: ${JSON.stringify(result)}`,
      )
      assert.equal(result.code, severity === 'error' ? 3 : 0, action)
      await hasOnly(admin, before, action)
    }
    // The calls of a copy and of a verification themselves.
    const copied = await indexferry(['copy', ...sides, '--json', '--state', await stateFolder(context)], env)
    assert.equal(copied.code, 0, copied.stderr)
    const verified = await indexferry(['verify', ...sides, '--json', '--state', await stateFolder(context)], env)
    assert.equal(verified.code, 0, verified.stderr)
  },
)

const privilegesIn = (result: Assessment): Finding[] =>
  [...result.findings, ...result.indexes.flatMap((index) => index.findings)].filter(
    ({ check, severity }) => check === 'privileges' && severity !== 'ok',
  )

async function stateFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-assess-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
