// What the options of a side come to on the wire: headers, signatures, credentials, certificates.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { request as forward, type IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ChangingProxy, startChangingProxy } from '../../test/objectstores/changing-proxy.ts'
import { accessKeyId, missingFor, type StartedStore, startObjectStore } from '../../test/objectstores/object-stores.ts'
import { bucketAt, clientOf, listAll, makeBucket, open, temporaryFolder } from '../../test/objectstores/store-sides.ts'
import { installCertificates } from '../../test/servers/certificates.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { md5Of } from './object-checksum.ts'
import type { ObjectStore } from './object-store.ts'
import { credentialSource } from './store-credentials.ts'
import { plainSettings } from './store-settings.ts'

const skip = missingFor('versitygw') ?? false
let store: StartedStore
let proxy: ChangingProxy
let bucket: string
const seen: { method: string; host: string; url: string; headers: IncomingHttpHeaders }[] = []

before(async () => {
  if (skip) return
  store = await startObjectStore('versitygw')
  bucket = await makeBucket(clientOf(store))
  proxy = await startChangingProxy(store.url, {
    before: ({ method = '', url = '', headers }) => {
      seen.push({ method, host: headers.host ?? '', url, headers })
      return undefined
    },
  })
})
after(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
})

const put = (target: ObjectStore, key: string) => {
  const bytes = Buffer.from(key)
  return target.put(key, { length: bytes.length, bytes, md5: md5Of(bytes) }, {})
}
const at = () => bucketAt(bucket, proxy.url)

test('how objects are written is told with each of them', { skip }, async () => {
  const writing = { storageClass: 'STANDARD', encryption: 'aws:kms', encryptionKey: 'key-1', acl: 'private' } as const
  const target = await open(at(), 'target', { requesterPays: true }, writing)
  // versitygw knows no encryption; what was sent counts.
  await put(target, 'written').catch(() => {})
  const sent = seen.at(-1)?.headers ?? {}
  assert.equal(sent['x-amz-storage-class'], 'STANDARD')
  assert.equal(sent['x-amz-server-side-encryption'], 'aws:kms')
  assert.equal(sent['x-amz-server-side-encryption-aws-kms-key-id'], 'key-1')
  assert.equal(sent['x-amz-acl'], 'private')
  assert.equal(sent['x-amz-request-payer'], 'requester')
  assert.equal(target.abilities.etagIsMd5, false)
  // What other services do not know.
  assert.deepEqual(
    Object.keys(sent).filter((name) => /checksum|trailer/.test(name)),
    [],
  )
  assert.equal(sent['content-encoding'], undefined)
})

test('anonymous requests have no signature, temporary keys have their token', { skip }, async () => {
  await listAll(await open(at(), 'source', { anonymous: true })).catch(() => {})
  assert.equal(seen.at(-1)?.headers.authorization, undefined)
  await listAll(await open(at(), 'source', { sessionToken: 'the-session-token' })).catch(() => {})
  assert.equal(seen.at(-1)?.headers['x-amz-security-token'], 'the-session-token')
})

test('buckets go into the host name or into the path', { skip }, async () => {
  const port = new URL(proxy.url).port
  const address = `s3://${bucket}?endpoint=http://store.localhost:${port}&region=us-east-1`
  await listAll(await open(address, 'source', { pathStyle: 'off' })).catch(() => {})
  assert.equal(seen.at(-1)?.host, `${bucket}.store.localhost:${port}`)
  await listAll(await open(address, 'source'))
  assert.equal(seen.at(-1)?.host, `store.localhost:${port}`)
  assert.ok(seen.at(-1)?.url.startsWith(`/${bucket}`))
})

test('a private CA is trusted when it is named, and only then', { skip }, async () => {
  await using folder = await temporaryFolder()
  await installCertificates(folder.path)
  const [cert, key] = await Promise.all(['node.pem', 'node-key.pem'].map((name) => readFile(join(folder.path, name))))
  const server = createServer({ cert, key }, (incoming, response) => {
    const { hostname, port } = new URL(store.url)
    const { method, url: path, headers } = incoming
    const outward = forward({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(outward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `s3://${bucket}?endpoint=https://127.0.0.1:${(server.address() as AddressInfo).port}&region=us-east-1`
  try {
    await using trusting = await open(address, 'target', { ca: join(folder.path, 'ca.pem') })
    await put(trusting, 'over-tls')
    assert.deepEqual(
      (await listAll(trusting, 'over')).map((entry) => entry.key),
      ['over-tls'],
    )
    await assert.rejects(
      listAll(await open(address, 'source')),
      (error: unknown) => error instanceof IndexferryError && error.code === 'CERTIFICATE_UNTRUSTED',
    )
    assert.equal((await listAll(await open(address, 'source', { insecure: true }), 'over')).length, 1)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('credentials of OSS come from the environment, then from the file of its command line', async () => {
  await using folder = await temporaryFolder()
  const ask = (env: Record<string, string>, profile?: string) =>
    credentialSource({
      kind: 'oss',
      side: 'target',
      settings: { ...plainSettings, profile },
      env: { HOME: folder.path, ...env },
    })()
  const missing = (error: unknown) => error instanceof IndexferryError && error.code === 'CREDENTIALS_MISSING'
  await assert.rejects(ask({}), missing)
  assert.deepEqual(await ask({ OSS_ACCESS_KEY_ID: 'id-1', OSS_ACCESS_KEY_SECRET: 'secret-1' }), {
    accessKeyId: 'id-1',
    secretAccessKey: 'secret-1',
  })
  await mkdir(join(folder.path, '.aliyun'))
  const profiles = [
    { name: 'work', mode: 'StsToken', access_key_id: 'id-2', access_key_secret: 'secret-2', sts_token: 'token-2' },
  ]
  await writeFile(join(folder.path, '.aliyun', 'config.json'), JSON.stringify({ current: 'work', profiles }))
  const found = { accessKeyId: 'id-2', secretAccessKey: 'secret-2', sessionToken: 'token-2' }
  assert.deepEqual(await ask({}), found)
  assert.deepEqual(await ask({ OSS_ACCESS_KEY_ID: 'id-1', OSS_ACCESS_KEY_SECRET: 'secret-1' }, 'work'), found)
  await assert.rejects(ask({}, 'other'), missing)
  await assert.rejects(async () => {
    const settings = { ...plainSettings, accessKeyId }
    await credentialSource({ kind: 's3', side: 'source', settings, env: {} })()
  }, missing)
})
