// Everything that can be wrong with what a copy is given. Each is one sentence that names the side, the cause and the remedy, a documented
// exit code, no secret anywhere, and nothing half-done that is not told.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { CopyRecord } from '../../src/engine/catalog-records.ts'
import type { ErrorCode } from '../../src/foundation/error-codes.ts'
import { exitCodes } from '../../src/foundation/error-definition.ts'
import type { Side } from '../../src/foundation/errors.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { changeSecurity } from '../documents/security-plugin.ts'
import { ask } from '../servers/http.ts'
import { missingJava, type RunningServer, startServer, useServer } from '../servers/servers.ts'
import { eventually, Indexferry, type RunOptions } from './indexferry.ts'

const plainName = 'opensearch-2.19.4'
const secureName = 'opensearch-2.19.4-secure'
const password = 'Wr0ng-But-Secret!'
const index = 'bad-source'
const copied = 'bad-target'

const skip = missingJava(plainName) ?? false

describe('bad input', { skip }, () => {
  let indexferry: Indexferry
  let plain: RunningServer
  let secure: RunningServer
  let cluster: Cluster
  let secured: Cluster
  let source: string
  let target: string
  const made: string[] = []

  before(async () => {
    indexferry = await Indexferry.install()
    plain = await useServer(plainName)
    secure = await useServer(secureName)
    cluster = await openTestCluster('source', plainName)
    secured = await openTestCluster('target', secureName)
    source = `${plain.url}/${index}`
    target = `${plain.url}/${copied}`
    for (const name of [copied, 'bad-from-file']) await deleteTestIndex(cluster, name)
    await createTestIndex(cluster, index, { mapping: { properties: { n: { type: 'long' } } } })
    await bulkDocuments(cluster, index, documents(20))
  })
  after(async () => {
    for (const name of [index, copied, ...made]) await deleteTestIndex(cluster, name)
    await deleteTestIndex(secured, copied)
    for (const user of users) {
      for (const kind of ['rolesmapping', 'roles', 'internalusers']) await security('DELETE', kind, user)
    }
    await cluster[Symbol.asyncDispose]()
    await secured[Symbol.asyncDispose]()
    await indexferry[Symbol.asyncDispose]()
  })

  function* documents(count: number) {
    for (let n = 0; n < count; n++) yield { id: `${n}`, source: `{"n":${n}}` }
  }

  const exists = async (name: string, on: Cluster = cluster) =>
    (await on.bytes({ method: 'HEAD', path: `/${name}`, accept: [404] })).status === 200

  interface Told {
    readonly code: ErrorCode
    readonly side: Side
    readonly exit: number
    /** What the sentence must name. */
    readonly says: readonly RegExp[]
    readonly remedy: RegExp
  }

  /** The error is told in full, in one sentence, and neither the outputs nor the state folder hold the secret. */
  async function refuses(args: readonly string[], told: Told, options: RunOptions = {}) {
    const { error, ended } = await indexferry.fails(args, { code: told.code, exit: told.exit }, options)
    assert.equal(error.side, told.side)
    for (const pattern of told.says) assert.match(error.message, pattern)
    assert.match(error.remedy, told.remedy)
    assert.ok(!error.message.includes('\n'), `more than a sentence: ${error.message}`)
    for (const [where, text] of Object.entries({ ...ended, state: await indexferry.stateText() })) {
      assert.ok(!String(text).includes(password), `the password is in ${where}`)
    }
    return { error, ended }
  }

  describe('the way to a cluster', () => {
    it('https to a plain port', async () => {
      const told = { code: 'NOT_HTTP', side: 'source', exit: exitCodes.source } as const
      const from = source.replace('http:', 'https:')
      await refuses(['copy', from, target], {
        ...told,
        says: [/^source https:/, /not speak TLS|speaks HTTP/],
        remedy: /http:\/\//,
      })
      assert.equal(await exists(copied), false)
    })

    it('http to a TLS port', async () => {
      const told = { code: 'NOT_HTTP', side: 'target', exit: exitCodes.target } as const
      const to = `${secure.url.replace('https:', 'http:')}/${copied}`
      await refuses(['copy', source, to], { ...told, says: [/^target http:/, /HTTP/], remedy: /https:\/\// })
    })

    it('a scheme that is none', async () => {
      const told = { code: 'LOCATION_INVALID', side: 'ours', exit: exitCodes.usage } as const
      const from = `htps://admin:${password}@host:9200/${index}`
      await refuses(['copy', from, target], { ...told, says: [/SOURCE/, /htps/], remedy: /https:\/\// })
      const bare = `admin:${password}@host:9200/${index}`
      await refuses(['copy', source, bare], { ...told, says: [/TARGET/, /scheme/], remedy: /https:\/\// })
    })

    it('an unknown host', async () => {
      const told = { code: 'HOST_UNKNOWN', side: 'target', exit: exitCodes.target } as const
      const to = `http://admin:${encodeURIComponent(password)}@no-such-host.invalid:9200/${copied}`
      await refuses(['copy', source, to], { ...told, says: [/^target/, /no-such-host\.invalid/], remedy: /spelling/ })
    })

    it('a refused connection', async () => {
      const told = { code: 'CONNECTION_REFUSED', side: 'source', exit: exitCodes.source } as const
      const from = `http://127.0.0.1:9/${index}`
      await refuses(['copy', from, target], { ...told, says: [/^source/, /127\.0\.0\.1:9/, /refused/], remedy: /port/ })
      assert.equal(await exists(copied), false)
    })

    it('a server that is no cluster', async () => {
      const told = { code: 'NOT_A_CLUSTER', side: 'source', exit: exitCodes.source } as const
      const { createServer: createPlain } = await import('node:http')
      const server = createPlain((_, response) => response.end('<html><title>Welcome</title></html>')).listen(
        0,
        '127.0.0.1',
      )
      await once(server, 'listening')
      const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${index}`
      try {
        await refuses(['copy', from, target], {
          ...told,
          says: [/^source/, /Elasticsearch|OpenSearch/],
          remedy: /port/,
        })
      } finally {
        server.close().closeAllConnections()
      }
    })
  })

  describe('certificates', () => {
    const words = ['--target-user', 'admin']
    const env = { INDEXFERRY_TARGET_PASSWORD: password }

    it('that no trusted CA has signed', async () => {
      const told = { code: 'CERTIFICATE_UNTRUSTED', side: 'target', exit: exitCodes.target } as const
      const to = `${secure.url}/${copied}`
      for (const ca of [[], ['--target-ca', secure.wrongCaFile!]])
        await refuses(
          ['copy', source, to, ...words, ...ca],
          { ...told, says: [/^target https/, /trusted/], remedy: /--target-ca/ },
          { env },
        )
    })

    it('that have expired', async () => {
      const key = await readFile(secure.expiredKeyFile!)
      const cert = await readFile(secure.expiredCertFile!)
      const server = createServer({ key, cert }, (_, response) => response.end('{}')).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const to = `https://127.0.0.1:${(server.address() as AddressInfo).port}/${copied}`
      const told = { code: 'CERTIFICATE_EXPIRED', side: 'target', exit: exitCodes.target } as const
      const args = ['copy', source, to, ...words, '--target-ca', secure.caFile!]
      try {
        await refuses(args, { ...told, says: [/^target https/, /expired/], remedy: /clock/ }, { env })
      } finally {
        server.close().closeAllConnections()
      }
    })

    it('for another name', async () => {
      const told = { code: 'CERTIFICATE_NAME_WRONG', side: 'target', exit: exitCodes.target } as const
      const args = ['copy', source, `${secure.url}/${copied}`, ...words, '--target-ca', secure.caFile!]
      const named = [...args, '--target-tls-name', 'search.example.com']
      await refuses(
        named,
        { ...told, says: [/^target/, /not for search\.example\.com/, /localhost/], remedy: /--target-tls-name/ },
        { env },
      )
    })

    it('whose file is not there', async () => {
      const told = { code: 'CONFIG_INVALID', exit: exitCodes.usage } as const
      const args = ['copy', source, `${secure.url}/${copied}`, '--target-ca', 'missing.pem']
      await refuses(args, { ...told, side: 'target', says: [/target/, /missing\.pem/], remedy: /path/ })
    })
  })

  const users: string[] = []
  const security = (method: 'PUT' | 'DELETE', kind: string, name: string, body?: JsonObject) =>
    changeSecurity(secured, method, `${kind}/${name}`, body)

  /** A user of the secured cluster who may do only this with the indexes that begin with bad-. */
  async function user(name: string, actions: readonly string[]): Promise<Readonly<Record<string, string>>> {
    users.push(name)
    // The plugin refuses passwords that look like the name.
    const secret = `${password}-${users.length}`
    await security('PUT', 'internalusers', name, { password: secret })
    await security('PUT', 'roles', name, {
      cluster_permissions: ['cluster_composite_ops', 'cluster_monitor'],
      index_permissions: [{ index_patterns: ['bad-*'], allowed_actions: [...actions] }],
    })
    await security('PUT', 'rolesmapping', name, { users: [name] })
    return {
      INDEXFERRY_SOURCE_USER: name,
      INDEXFERRY_SOURCE_PASSWORD: secret,
      INDEXFERRY_TARGET_USER: name,
      INDEXFERRY_TARGET_PASSWORD: secret,
    }
  }

  describe('credentials', () => {
    it('a wrong password', async () => {
      const told = { code: 'CREDENTIALS_WRONG', side: 'target', exit: exitCodes.target } as const
      const says = [/^target https/, /admin/, /refused/]
      const to = `${secure.url}/${copied}`
      const args = ['copy', source, to, '--target-ca', secure.caFile!, '--target-user', 'admin']
      await refuses(args, { ...told, says, remedy: /PASSWORD/ }, { env: { INDEXFERRY_TARGET_PASSWORD: password } })
      // In the URL, which shells, histories and the catalog see.
      const inUrl = to.replace('https://', `https://admin:${encodeURIComponent(password)}@`)
      await refuses(['copy', source, inUrl, '--target-ca', secure.caFile!], { ...told, says, remedy: /PASSWORD/ })
      const { stdout } = await indexferry.run(['status'])
      assert.ok(!stdout.includes(password))
    })

    it('none where some are wanted', async () => {
      const told = { code: 'CREDENTIALS_MISSING', side: 'source', exit: exitCodes.source } as const
      const args = ['copy', `${secure.url}/${index}`, target, '--source-ca', secure.caFile!]
      await refuses(args, { ...told, says: [/^source https/, /none were given/], remedy: /password/ })
    })

    it('a user who may not read', async () => {
      await createTestIndex(secured, 'bad-unreadable')
      await bulkDocuments(secured, 'bad-unreadable', documents(3))
      const env = await user('bad-reader', [
        'indices:admin/get',
        'indices:admin/mappings/get',
        'indices:monitor/settings/get',
        'indices:admin/aliases/get',
        'indices:admin/resolve/index',
      ])
      const { INDEXFERRY_TARGET_USER: _, INDEXFERRY_TARGET_PASSWORD: __, ...only } = env
      const told = { code: 'PRIVILEGE_MISSING', side: 'source', exit: exitCodes.source } as const
      const args = ['copy', `${secure.url}/bad-unreadable`, target, '--source-ca', secure.caFile!]
      await refuses(
        args,
        { ...told, says: [/^source/, /bad-reader/, /indices:|no permissions/], remedy: /privilege/ },
        { env: only },
      )
      await deleteTestIndex(secured, 'bad-unreadable')
      // A target index that was made before the first read failed is told by status.
      await deleteTestIndex(cluster, copied)
    })

    it('a user who may not write', async () => {
      const env = await user('bad-writer', [
        'indices:admin/get',
        'indices:admin/create',
        'indices:monitor/*',
        'indices:admin/mapping/*',
        'indices:admin/settings/update',
        'indices:admin/refresh*',
        'indices:data/read/*',
      ])
      const { INDEXFERRY_SOURCE_USER: _, INDEXFERRY_SOURCE_PASSWORD: __, ...only } = env
      const told = { code: 'PRIVILEGE_MISSING', side: 'target', exit: exitCodes.target } as const
      const args = ['copy', source, `${secure.url}/${copied}`, '--target-ca', secure.caFile!]
      const says = [/target/, /indices:data\/write|no permissions/]
      await refuses(args, { ...told, says, remedy: /privilege/ }, { env: only })
      await deleteTestIndex(secured, copied)
    })

    it('a user who may not create the index', async () => {
      const env = await user('bad-creator', ['indices:admin/get', 'indices:data/*'])
      const { INDEXFERRY_SOURCE_USER: _, INDEXFERRY_SOURCE_PASSWORD: __, ...only } = env
      const told = { code: 'PRIVILEGE_MISSING', side: 'target', exit: exitCodes.target } as const
      const args = ['copy', source, `${secure.url}/bad-uncreated`, '--target-ca', secure.caFile!]
      await refuses(args, { ...told, says: [/target/, /indices:admin\/create/], remedy: /privilege/ }, { env: only })
      assert.equal(await exists('bad-uncreated', secured), false)
    })
  })

  describe('the source', () => {
    it('an index that is missing', async () => {
      const told = { code: 'INDEX_MISSING', side: 'source', exit: exitCodes.source } as const
      for (const name of ['bad-missing', 'bad-missing-*', `${index},bad-missing`]) {
        const says = [/source/, /bad-missing/]
        await refuses(['copy', `${plain.url}/${name}`, `${plain.url}/`, '--rename', '*=copy-*'], {
          ...told,
          says,
          remedy: /name/,
        })
      }
      assert.equal(await exists('copy-bad-missing'), false)
      assert.equal(await exists(`copy-${index}`), false)
    })

    it('an index that is closed', async () => {
      await makeIndex('bad-closed')
      await cluster.json({ method: 'POST', path: '/bad-closed/_close' })
      const told = { code: 'INDEX_CLOSED', side: 'source', exit: exitCodes.source } as const
      await refuses(['copy', `${plain.url}/bad-closed`, target], {
        ...told,
        says: [/source/, /bad-closed/, /closed/],
        remedy: /_open/,
      })
      assert.equal(await exists(copied), false)
    })

    it('an index without _source', async () => {
      const told = { code: 'SOURCE_NOT_STORED', side: 'source', exit: exitCodes.source } as const
      for (const _source of [{ enabled: false }, { excludes: ['secret'] }]) {
        await makeIndex('bad-sourceless', { mapping: { _source } })
        const says = [/127\.0\.0\.1/, /bad-sourceless/, /_source/]
        await refuses(['copy', `${plain.url}/bad-sourceless`, target], {
          ...told,
          says,
          remedy: /--allow-incomplete-source/,
        })
      }
      assert.equal(await exists(copied), false)
    })

    it('a query that the server refuses', async () => {
      const told = { code: 'QUERY_REFUSED', side: 'source', exit: exitCodes.usage } as const
      const says = [/source/, /no_such_query/]
      await refuses(['copy', source, target, '--query', '{"no_such_query":{}}'], { ...told, says, remedy: /--query/ })
      assert.equal(await exists(copied), false)
    })

    it('a query that is no JSON', async () => {
      const told = { code: 'USAGE', side: 'ours', exit: exitCodes.usage } as const
      for (const query of ['{"term":', '[1]', 'status:live'])
        await refuses(['copy', source, target, '--query', query], { ...told, says: [/--query/], remedy: /term/ })
    })
  })

  async function makeIndex(name: string, options: Parameters<typeof createTestIndex>[2] = {}): Promise<void> {
    made.push(name)
    await createTestIndex(cluster, name, options)
  }

  const put = (path: string, body: JsonObject) => cluster.json({ method: 'PUT', path, body })
  const settingsOf = async (name: string) => {
    const { body } = await cluster.json<Record<string, { settings: { index: Record<string, unknown> } }>>({
      method: 'GET',
      path: `/${name}/_settings`,
    })
    return body[name]!.settings.index
  }

  describe('the target', () => {
    it('an index that may not be written to', async () => {
      const told = { code: 'TARGET_READ_ONLY', side: 'target', exit: exitCodes.target } as const
      for (const block of ['write', 'read_only']) {
        await makeIndex('bad-blocked', { mapping: { properties: { n: { type: 'long' } } } })
        await put('/bad-blocked/_settings', { index: { blocks: { [block]: true } } })
        const says = [/target/, /bad-blocked/, /block/]
        await refuses(['copy', source, `${plain.url}/bad-blocked`], { ...told, says, remedy: /index\.blocks/ })
        await put('/bad-blocked/_settings', { index: { blocks: { [block]: null } } })
        // With the block gone the same words end the copy, and nothing relaxed is left.
        await indexferry.copy([source, `${plain.url}/bad-blocked`])
        assert.equal((await settingsOf('bad-blocked')).refresh_interval, undefined)
        await indexferry.run(['forget', (await lastCopy()).id])
      }
    })

    it('a cluster that may not be written to', async () => {
      const told = { code: 'TARGET_READ_ONLY', side: 'target', exit: exitCodes.target } as const
      // A cluster of its own, because everybody else's writes stop as well.
      await using blocked = await startServer(plainName)
      const body = '{"persistent":{"cluster.blocks.read_only":true}}'
      const { status } = await ask(`${blocked.url}/_cluster/settings`, { method: 'PUT', body })
      assert.equal(status, 200)
      const to = `${blocked.url}/${copied}`
      await refuses(['copy', source, to], { ...told, says: [/^(the )?target/, /block/], remedy: /cluster\.blocks/ })
      assert.equal((await ask(to, { method: 'HEAD' })).status, 404)
    })

    it('disks that are full', async () => {
      const told = { code: 'TARGET_FULL', side: 'target', exit: exitCodes.target } as const
      await makeIndex('bad-full', { mapping: { properties: { n: { type: 'long' } } } })
      await put('/bad-full/_settings', { index: { blocks: { read_only_allow_delete: true } } })
      const words = ['copy', source, `${plain.url}/bad-full`]
      await refuses(words, { ...told, says: [/target/, /bad-full/, /full|flood/], remedy: /read_only_allow_delete/ })
      const copy = await lastCopy()
      assert.equal(copy.state, 'failed')
      assert.equal(copy.error?.code, 'TARGET_FULL')
      await put('/bad-full/_settings', { index: { blocks: { read_only_allow_delete: null } } })
      const { isResumed } = await indexferry.copy(words.slice(1))
      assert.equal(isResumed, true)
      assert.equal((await indexferry.verify(words.slice(1))).verdict, 'equal')
    })

    it('an index that holds documents', async () => {
      const told = { code: 'TARGET_NOT_EMPTY', side: 'target', exit: exitCodes.target } as const
      await makeIndex('bad-filled', { mapping: { properties: { n: { type: 'long' } } } })
      await bulkDocuments(cluster, 'bad-filled', [{ id: 'mine', source: '{"n":1}' }])
      await refuses(['copy', source, `${plain.url}/bad-filled`], {
        ...told,
        says: [/bad-filled/, /1 document/],
        remedy: /--into-existing/,
      })
      assert.equal((await settingsOf('bad-filled')).refresh_interval, undefined)
    })

    it('an index of another definition', async () => {
      const told = { code: 'INDEX_DIFFERS', side: 'target', exit: exitCodes.target } as const
      await makeIndex('bad-other', { mapping: { properties: { n: { type: 'keyword' } } } })
      const says = [/bad-other/, /properties\.n/, /keyword/, /long/]
      await refuses(['copy', source, `${plain.url}/bad-other`], { ...told, says, remedy: /--accept-definition/ })
    })

    it('two indexes into one', async () => {
      const told = { code: 'TARGETS_COLLIDE', side: 'ours', exit: exitCodes.usage } as const
      await makeIndex('bad-second')
      const from = `${plain.url}/${index},bad-second`
      await refuses(['copy', from, target], {
        ...told,
        says: [/bad-source/, /bad-second/, /bad-target/],
        remedy: /--rename/,
      })
      assert.equal(await exists(copied), false)
    })

    it('an index onto itself', async () => {
      const told = { code: 'SAME_INDEX', side: 'ours', exit: exitCodes.usage } as const
      await refuses(['copy', source, source], { ...told, says: [/bad-source/], remedy: /--rename/ })
    })
  })

  const lastCopy = async () => {
    const copies = await indexferry.json<readonly CopyRecord[]>(['status'])
    return copies.toSorted((a, b) => b.updated - a.updated)[0]
  }

  describe('files', () => {
    const told = { code: 'FILE_BROKEN', side: 'file', exit: exitCodes.file } as const

    it('that are cut off', async () => {
      const lines = Array.from(documents(2_000), ({ id, source: text }) => `{"_id":"${id}","_source":${text}}\n`).join(
        '',
      )
      const packed = gzipSync(lines)
      const files = {
        'cut.ndjson': Buffer.from(lines.slice(0, -9)),
        'cut.ndjson.gz': packed.subarray(0, packed.length - 200),
      }
      for (const [name, content] of Object.entries(files)) {
        const file = await indexferry.write(name, content)
        const to = `${plain.url}/bad-from-file`
        await refuses(['copy', file, to], { ...told, says: [/cut/], remedy: /file again|line/ })
        // What was written so far is told.
        const { state, error, source: from } = await lastCopy()
        assert.deepEqual([state, error?.code], ['failed', 'FILE_BROKEN'])
        assert.ok(from.endsWith(name))
        await deleteTestIndex(cluster, 'bad-from-file')
      }
    })

    it('with a line that is broken', async () => {
      const file = await indexferry.write(
        'broken.ndjson',
        '{"_id":"1","_source":{}}\n{"_id":"2","_source":\n{"_id":"3","_source":{}}\n',
      )
      const to = `${plain.url}/bad-from-file`
      await refuses(['copy', file, to], { ...told, says: [/broken\.ndjson/, /line 2/], remedy: /--skip-broken-lines/ })
      await deleteTestIndex(cluster, 'bad-from-file')
      made.push('bad-from-file')
      const { counts } = await indexferry.copy([file, to, '--skip-broken-lines', '--restart'])
      assert.deepEqual([counts.read, counts.written, counts.rejected], [2, 2, 0])
    })

    it('that are not there, or are there already', async () => {
      const unreadable = { code: 'FILE_UNREADABLE', side: 'file', exit: exitCodes.file } as const
      const missing = indexferry.path('missing.ndjson')
      await refuses(['copy', missing, target], { ...unreadable, says: [/missing\.ndjson/], remedy: /path/ })
      assert.equal(await exists(copied), false)
      const there = await indexferry.write('there.ndjson', 'precious\n')
      await refuses(['copy', source, there], { ...unreadable, says: [/there\.ndjson/], remedy: /--overwrite/ })
      assert.equal(await readFile(there, 'utf8'), 'precious\n')
    })
  })

  describe('the program itself', () => {
    it('a state folder that cannot be written', async () => {
      const told = { code: 'STATE_UNUSABLE', side: 'ours', exit: exitCodes.state } as const
      const file = await indexferry.write('a-file', '')
      for (const state of [file, '/proc/indexferry'])
        await refuses(['copy', source, target, '--state', state], {
          ...told,
          says: [/catalog|state/, new RegExp(state)],
          remedy: /--state/,
        })
      assert.equal(await exists(copied), false)
    })

    it('a catalog that is damaged', async () => {
      const told = { code: 'STATE_UNUSABLE', side: 'ours', exit: exitCodes.state } as const
      const folder = indexferry.path('damaged')
      await mkdir(folder)
      await writeFile(`${folder}/catalog.db`, 'no database at all, but long enough to look like one'.repeat(100))
      await refuses(['copy', source, target, '--state', folder], { ...told, says: [/catalog/], remedy: /--state/ })
    })

    it('options, commands and arguments that there are not', async () => {
      const told = { code: 'USAGE', side: 'ours', exit: exitCodes.usage } as const
      const cases: [string[], RegExp, RegExp][] = [
        [['copy', source, target, '--qery', '{}'], /--qery/, /Did you mean --query\?/],
        [['copy', source, target, '--target-password', password], /--target-password/, /INDEXFERRY_TARGET_PASSWORD/],
        [['copy', source, target, '--repair'], /--repair/, /verify/],
        [['copy', source, target, '--rate', 'fast'], /--rate.*fast/, /20mb/],
        [['copy', source, target, '--readers', '0'], /--readers.*0/, /./],
        [['copy', source], /target/, /--help/],
        [['copy', source, target, 'third'], /third|many/, /--help/],
        [['cpoy', source, target], /cpoy/, /Did you mean `indexferry copy`/],
        [['cpoy', '--quiet'], /cpoy/, /indexferry copy/],
        [['throttle'], /copy/, /--help/],
      ]
      for (const [args, says, remedy] of cases) await refuses(args, { ...told, says: [says], remedy })
    })

    it('files of options that are not JSON, or not there', async () => {
      const file = await indexferry.write('not.json', '{"mappings":')
      for (const option of ['--mappings', '--query-file']) {
        const args = ['copy', source, target, option]
        const told = { side: 'ours', exit: exitCodes.usage } as const
        await refuses([...args, file], { ...told, code: 'CONFIG_INVALID', says: [/not\.json/, /JSON/], remedy: /file/ })
        await refuses([...args, 'none.json'], { ...told, code: 'CONFIG_INVALID', says: [/none\.json/], remedy: /path/ })
      }
      const broken = await indexferry.write('broken.js', 'export function transform(')
      const told = { code: 'CONFIG_INVALID', side: 'ours', exit: exitCodes.usage } as const
      await refuses(['copy', source, target, '--transform', broken], {
        ...told,
        says: [/broken\.js/],
        remedy: /ES module/,
      })
      assert.equal(await exists(copied), false)
    })

    it('a copy that is not known', async () => {
      const told = { code: 'COPY_UNKNOWN', side: 'ours', exit: exitCodes.state } as const
      for (const command of [['status'], ['throttle', '--rate', '5'], ['pause'], ['forget']])
        await refuses([command[0]!, 'czzzz', ...command.slice(1)], { ...told, says: [/czzzz/], remedy: /status/ })
    })

    it('the same copy twice at the same time', async () => {
      const told = { code: 'COPY_RUNNING', side: 'ours', exit: exitCodes.state } as const
      const from = `${plain.url}/bad-large`
      const to = `${plain.url}/bad-running`
      await makeIndex('bad-large', { shards: 2 })
      await bulkDocuments(cluster, 'bad-large', documents(20_000))
      made.push('bad-running')
      await deleteTestIndex(cluster, 'bad-running')
      // Minutes, unless it is let go: long enough for all that is asked meanwhile.
      const words = ['copy', from, to, '--rate', '50']
      const first = indexferry.start([...words, '--json'])
      await eventually('the first copy', runningCopy)
      await refuses(words, { ...told, says: [new RegExp(`${first.child.pid}`)], remedy: /status/ })
      // With other credentials and words that change nothing it is the same copy.
      await refuses(['copy', from, to, '--readers', '1'], {
        ...told,
        says: [/running/],
        remedy: /status/,
      })
      const copy = await runningCopy()
      await indexferry.run(['throttle', copy!.id, '--rate', 'none'])
      assert.equal((await first.ended).code, 0)
      assert.equal((await indexferry.verify(words.slice(1, 3))).verdict, 'equal')
    })
  })

  const runningCopy = async () =>
    (await indexferry.json<readonly CopyRecord[]>(['status'])).find((copy) => copy.isRunning)
})
