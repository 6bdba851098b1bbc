// The signature is computed again, by the vendor's own signer, from nothing but what arrived.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Cluster, ClusterRequest } from './cluster.ts'
import { openCluster } from './open-cluster.ts'
import { indexPath } from './paths.ts'

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'verysecretkey', sessionToken: 'the-session-token' }
const rootPage = '{"version":{"distribution":"opensearch","number":"2.19.4"},"tagline":"The OpenSearch Project"}'

interface Verdict {
  readonly path: string
  readonly good: boolean
  readonly headers: IncomingMessage['headers']
}

const verdicts: Verdict[] = []

async function verify(request: IncomingMessage, body: Buffer, service: string): Promise<Verdict> {
  const { authorization = '', ...headers } = request.headers
  const signedNames = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
  const signed = Object.fromEntries(signedNames.map((name) => [name, String(headers[name])]))
  const { 'x-amz-date': stamp = '', 'x-amz-security-token': _token, ...toSign } = signed
  const digest = createHash('sha256').update(body).digest('hex')
  const date = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const url = new URL(request.url ?? '', 'http://x')
  // A server signs what it decoded: path segments and parameters, encoded anew.
  const path = url.pathname.split('/').map(decodeURIComponent).map(encodeStrictly).join('/')
  const signer = new SignatureV4({ service, region: 'eu-west-1', sha256: Sha256, credentials })
  const again = await signer.sign(
    {
      method: request.method ?? '',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      query: Object.fromEntries(url.searchParams),
      headers: { ...toSign, 'x-amz-content-sha256': digest },
    },
    { signingDate: new Date(date) },
  )
  return { path: request.url ?? '', good: again.headers.authorization === authorization, headers: request.headers }
}

const encodeStrictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

let service = 'es'
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', async () => {
    verdicts.push(await verify(request, Buffer.concat(chunks), service))
    response.end(request.url === '/' ? rootPage : '{}')
  })
})
let url = ''
const environment = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
}

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // Of the user's own, a profile would come before the keys.
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  Object.assign(process.env, environment)
})

after(() => {
  for (const name of Object.keys(environment)) delete process.env[name]
  server.closeAllConnections()
  server.close()
})

function open(kind: 'es' | 'aoss', more: { gzip?: 'on' } = {}): Promise<Cluster> {
  service = kind
  return openCluster('source', {
    nodes: [url],
    authentication: { kind: 'sigv4', region: 'eu-west-1', service: kind },
    ...more,
  })
}

const requests: readonly ClusterRequest[] = [
  { method: 'GET', path: '/_cat/indices' },
  {
    method: 'GET',
    path: indexPath('logs-*,-logs-old', '_search'),
    query: { q: "a b+c/d=é'()*!", size: 5, pretty: true },
  },
  { method: 'POST', path: indexPath('<logs-{now/d}>', '_search'), body: { query: { match_all: {} } } },
  { method: 'PUT', path: indexPath('straße', `_doc/${encodeURIComponent('a/b c%2F#?:@')}`), body: { a: 1 } },
  {
    method: 'POST',
    path: '/_bulk',
    contentType: 'ndjson',
    body: Buffer.from(`${'{"index":{}}\n{"a":1}\n'.repeat(200)}`),
  },
]

for (const kind of ['es', 'aoss'] as const) {
  test(`requests to ${kind} carry a signature that holds`, async () => {
    await using cluster = await open(kind)
    for (const request of requests) {
      verdicts.length = 0
      await cluster.json(request)
      assert.deepEqual(
        verdicts.map(({ good }) => good),
        [true],
        verdicts[0]?.path,
      )
      assert.match(String(verdicts[0]?.headers['x-amz-content-sha256']), /^[0-9a-f]{64}$/)
      assert.equal(verdicts[0]?.headers['x-amz-security-token'], credentials.sessionToken)
    }
  })
}

test('the compressed body is what is signed', async () => {
  await using cluster = await open('es', { gzip: 'on' })
  verdicts.length = 0
  const body = Buffer.from('{"index":{}}\n{"a":1}\n'.repeat(200))
  await cluster.json({ method: 'POST', path: '/_bulk', contentType: 'ndjson', body })
  assert.equal(verdicts[0]?.headers['content-encoding'], 'gzip')
  assert.equal(verdicts[0]?.good, true)
})

test('OpenSearch Serverless is not asked for a root page that it does not have', async () => {
  verdicts.length = 0
  await using cluster = await open('aoss')
  assert.deepEqual(
    verdicts.map(({ path }) => path),
    ['/_cat/indices'],
  )
  assert.equal(cluster.capabilities.scroll, false)
  assert.equal(cluster.capabilities.sequenceNumbers, false)
  assert.equal(cluster.capabilities.pointInTime, 'opensearch')
})

test('a chain without credentials says so', async () => {
  const saved = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  })
  try {
    await assert.rejects(open('es'), (error: Error & { code: string; side: string }) => {
      assert.equal(error.code, 'CREDENTIALS_MISSING')
      assert.equal(error.side, 'source')
      assert.match(
        error.message,
        /^source http:\/\/127\.0\.0\.1:\d+ \(SigV4 es eu-west-1\): the AWS credential chain found no credentials/,
      )
      return true
    })
  } finally {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
    Object.assign(process.env, saved)
  }
})
