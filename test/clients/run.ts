// npm run test:clients
//
// The Python clients that people have, through the gateway and against the servers themselves: each call has to give them the same.
// They are installed once, into the cache folder of this user.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pythonTool } from '../../bench/tool-cache.ts'
import { runGateway } from '../../src/apps/gateway/run-gateway.ts'
import type { GatewayConfig } from '../../src/config/gateway/gateway-config.ts'
import { testConfig } from '../gateway/gateway-in-front.ts'
import { stopSignal } from '../process/stop-signal.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { ask } from '../servers/http.ts'
import { missingJava, useServer } from '../servers/servers.ts'

interface SearchClient {
  readonly module: string
  readonly package: string
  readonly version: string
  readonly servers: readonly ServerName[]
}

/**
 * Since 7.14 elasticsearch-py refuses what is no Elasticsearch of the default distribution; 7.17 shows that it refuses the same server
 * through the gateway too.
 */
const searchClients: readonly SearchClient[] = [
  {
    module: 'opensearchpy',
    package: 'opensearch-py',
    version: '3.2.0',
    servers: ['opensearch-1.3.14', 'opensearch-2.19.4', 'opensearch-3.8.0'],
  },
  {
    module: 'elasticsearch',
    package: 'elasticsearch',
    version: '7.13.4',
    servers: ['elasticsearch-7.10.2', 'opensearch-1.3.14', 'opensearch-2.19.4'],
  },
  { module: 'elasticsearch', package: 'elasticsearch', version: '7.17.12', servers: ['elasticsearch-7.10.2'] },
]
const boto3Version = '1.40.61'

const owner = '111122223333'
const region = 'eu-west-1'
const key = { accessKeyId: 'AKIDOFTHETEST', secretAccessKey: 'a secret of the test' }

const signal = stopSignal()
const scriptAt = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

type Outcomes = readonly (readonly [what: string, outcome: unknown])[]

async function runScript(name: string, args: readonly string[]): Promise<Outcomes> {
  const { stdout } = await promisify(execFile)('python3', [scriptAt(name), ...args], {
    signal,
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), PYTHONWARNINGS: 'ignore', AWS_EC2_METADATA_DISABLED: 'true' },
  })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function startGateway(url: string, folder: string, changes: Partial<GatewayConfig> = {}) {
  const config = { ...testConfig({ nodes: [url] }, { reindex: { allowlist: ['127.0.0.1:*'] } }), ...changes }
  const write = () => {}
  const gateway = await runGateway({ ...config, stateFolder: folder }, { write, warn: write, version: '0' })
  return { url: gateway.url, [Symbol.asyncDispose]: () => gateway.close() }
}

const chance = new Set([
  'took',
  'throttled_millis',
  '_seq_no',
  '_primary_term',
  'index_uuid',
  'max_score',
  '_score',
  'epoch',
  'timestamp',
])

const comparable = (outcomes: Outcomes, prefix: string, url: string): Outcomes =>
  JSON.parse(
    JSON.stringify(outcomes, (name, value) => (chance.has(name) ? undefined : value))
      .replaceAll(prefix, 'PREFIX')
      .replace(/(?<=\[PREFIX-\w+\/)[\w-]{22}(?=\])/g, 'UUID')
      .replaceAll(url, 'URL')
      // Errors are told by their texts, which quote the answer.
      .replace(/\b(took|index_uuid)\\?['"]: ?\\?['"]?[\w-]+/g, '$1'),
  )

async function compareSearchClient(client: SearchClient, server: ServerName, folder: string): Promise<number> {
  const packages = await pythonTool(client.package, client.version)
  const { url } = await useServer(server)
  await using gateway = await startGateway(url, folder)
  const outcomesAt = async (place: string, prefix: string) => {
    try {
      const outcomes = await runScript('search-calls.py', [packages, client.module, place, prefix, url])
      return comparable(outcomes, prefix, place)
    } finally {
      const indexes = ['from', 'here', 'helped', 'remote', 'task', 'slow'].map((name) => `${prefix}-${name}`)
      await ask(`${url}/${indexes.join(',')}?ignore_unavailable=true`, { method: 'DELETE' })
    }
  }
  const theirs = await outcomesAt(url, `clients-py-${process.pid}-a`)
  const ours = await outcomesAt(gateway.url, `clients-py-${process.pid}-b`)
  for (const [at, [what]] of theirs.entries()) assert.deepEqual(ours[at], theirs[at], what)
  assert.equal(ours.length, theirs.length)
  const failed = theirs.filter(([, outcome]) => JSON.stringify(outcome).includes('UnsupportedProduct')).length
  const refused = failed > 0 ? `, ${failed} of them refused by the client, directly too` : ''
  note(`${client.package} ${client.version} and ${server}: ${ours.length} calls alike${refused}`)
  return ours.length
}

async function connectWithBoto3(folder: string): Promise<number> {
  const packages = await pythonTool('boto3', boto3Version)
  const { url } = await useServer('opensearch-2.19.4')
  const domain = { owner, region, url, authentication: undefined, tls: undefined, proxy: undefined }
  await using gateway = await startGateway(url, folder, {
    domains: { near: domain, far: domain },
    connections: { keys: [key], endpoints: { host: '127.0.0.1', ports: undefined } },
    replication: { backend: 'indexferry' },
  })
  const args = [packages, gateway.url, region, key.accessKeyId, key.secretAccessKey, 'near', 'far', owner]
  const outcomes = await runScript('connection-calls.py', args)
  const told = Object.fromEntries(outcomes) as Record<string, Record<string, unknown>>
  const codes = Object.fromEntries(Object.entries(told).map(([what, { code }]) => [what, code]))
  const expected = {
    'the same alias again': 'ResourceAlreadyExistsException',
    'accept again': 'DisabledOperationException',
    'an unknown connection': 'ResourceNotFoundException',
    'a wrong secret': 'InvalidSignatureException',
  }
  for (const [what, code] of Object.entries(codes)) {
    assert.equal(code, (expected as Record<string, string>)[what], `${what}: ${JSON.stringify(told[what])}`)
  }
  assert.equal(told['it waits for acceptance']?.is, 'PENDING_ACCEPTANCE')
  assert.equal(told['it is active']?.is, 'ACTIVE')
  assert.equal(told['an unknown domain fails']?.is, 'VALIDATION_FAILED')
  assert.equal(told.inbound?.count, 1)
  assert.match(JSON.stringify(told.describe), /"Endpoint": ?"[a-z0-9.-]+"/)
  note(`boto3 ${boto3Version}: ${outcomes.length} calls of a connection's life as expected`)
  return outcomes.length
}

const started = performance.now()
const note = (line: string) =>
  console.log(`${String(Math.round((performance.now() - started) / 1000)).padStart(5)} s  ${line}`)

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300)

/** Undefined: Python can be used and has what the calls need. */
async function missingPython(): Promise<string | undefined> {
  try {
    await promisify(execFile)('python3', ['-m', 'pip', '--version'])
    for (const { package: name, version } of searchClients) await pythonTool(name, version)
    await pythonTool('boto3', boto3Version)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

async function main(): Promise<number> {
  const missing = await missingPython()
  if (missing !== undefined) {
    console.log(`skipped: the Python clients cannot be installed here: ${missing}`)
    return 0
  }
  let failed = 0
  let passed = 0
  const attempt = async (what: string, task: (folder: string) => Promise<number>) => {
    signal.throwIfAborted()
    const folder = await mkdtemp(join(tmpdir(), 'indexferry-clients-'))
    try {
      passed += await task(folder)
    } catch (error) {
      failed++
      console.error(`FAILED: ${what}\n`, error)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  for (const client of searchClients) {
    for (const server of client.servers) {
      const java = missingJava(server)
      if (java) note(`${server} is left out: it ${java}`)
      else
        await attempt(`${client.package} ${client.version} and ${server}`, (folder) =>
          compareSearchClient(client, server, folder),
        )
    }
  }
  await attempt('boto3', connectWithBoto3)
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

// The servers of this run live as long as this process.
process.exit(await main())
