import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { remoteHost } from '../../../test/documents/remote-host.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import type { RemoteHost } from '../../model/reindex.ts'
import { createRemoteOpener, type RemoteOpenerOptions } from './open-remote.ts'

const opensearch = { flavour: 'opensearch', number: '2.19.4', major: 2, minor: 19, patch: 4 } as const
const elasticsearch = { flavour: 'elasticsearch', number: '7.10.2', major: 7, minor: 10, patch: 2 } as const

interface Setting extends Omit<RemoteOpenerOptions, 'config' | 'resolve'> {
  /** What each name leads to; others do not resolve. */
  readonly names?: Readonly<Record<string, readonly string[]>>
}

function opener(allowlist: readonly string[], { names = {}, ...more }: Setting = {}) {
  return createRemoteOpener({
    config: { allowlist, remotes: [] },
    local: () => opensearch,
    ...more,
    resolve: async (host) => {
      const found = names[host]
      if (!found) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
      return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    },
  })
}

/** `allowed`, or the message of the refusal. */
async function verdict(
  allowlist: readonly string[],
  host: string,
  setting?: Setting,
  more?: Partial<RemoteHost>,
): Promise<string> {
  try {
    await opener(allowlist, setting).check(remoteHost(host, more))
    return 'allowed'
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    assert.equal(code, 'REMOTE_NOT_ALLOWED', message)
    return message
  }
}

test('refusals are worded as the local cluster does', async () => {
  const old = { ...opensearch, major: 1, minor: 3 }
  for (const [local, word, setting] of [
    [opensearch, 'allowlist', 'allowlist'],
    [old, 'allowlist', 'whitelist'],
    [elasticsearch, 'whitelist', 'whitelist'],
    [undefined, 'allowlist', 'allowlist'],
  ] as const) {
    assert.equal(
      await verdict(['other:9200'], 'http://es.example.com:9200', { local: () => local }),
      `[es.example.com:9200] not ${word}ed in reindex.remote.${setting}`,
    )
  }
  assert.match(
    await verdict([], 'http://[2001:db8::1]:9200/prefix'),
    /^\[\[2001:db8::1\]:9200\] not allowlisted in reindex\.remote\.allowlist$/,
  )
})

test('an empty list says in the remedy what to do', async () => {
  await assert.rejects(opener([]).check(remoteHost('https://es.example.com:443')), {
    message: '[es.example.com:443] not allowlisted in reindex.remote.allowlist',
    remedy: /No remote may be read, because reindex\.remote\.allowlist .* is empty: add es\.example\.com:443 to it/,
  })
})

const names = {
  'es.example.com': ['93.184.216.34', '2606:2800:220:1::1'],
  localhost: ['127.0.0.1', '::1'],
  'inside.example.com': ['127.0.0.1'],
  'metadata.google.internal': ['169.254.169.254'],
  'mixed.example.com': ['93.184.216.34', '169.254.169.254'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'local.example.com': ['fe80::1%eth0'],
  'zero.example.com': ['0.0.0.0'],
}

test('addresses that a name leads to', async () => {
  const everything = ['*:*']
  for (const [list, host, expected] of [
    [everything, 'https://es.example.com:443', /^allowed$/],
    [everything, 'http://10.1.2.3:9200', /^allowed$/],
    [everything, 'http://nowhere.example.com:9200', /^allowed$/],
    [everything, 'http://localhost:9200', /: it leads to a loopback address, which only an entry that names the host/],
    [everything, 'http://127.0.0.1:9200', /loopback/],
    [everything, 'http://2130706433:9200', /^\[2130706433:9200\] .* loopback/],
    [everything, 'http://0x7f.1:9200', /loopback/],
    [everything, 'http://[::1]:9200', /loopback/],
    [everything, 'http://[::ffff:7f00:1]:9200', /loopback/],
    [everything, 'http://169.254.169.254:80', /metadata service/],
    [everything, 'http://[fd00:ec2::254]:80', /metadata service/],
    [everything, 'http://100.100.100.200:80', /metadata service/],
    [everything, 'http://0.0.0.0:9200', /unspecified/],
    [everything, 'http://0:9200', /unspecified/],
    [everything, 'http://inside.example.com:9200', /loopback/],
    [['*.example.com:9200'], 'http://inside.example.com:9200', /loopback/],
    [['*.example.com:9200', '127.*:9200'], 'http://inside.example.com:9200', /loopback/],
    [['*.example.com:9200', '127.0.0.1:9201'], 'http://inside.example.com:9200', /loopback/],
    [['*.example.com:9200', '127.0.0.1:9200'], 'http://inside.example.com:9200', /^allowed$/],
    [['inside.example.com:9200'], 'http://inside.example.com:9200', /^allowed$/],
    [['localhost:9200'], 'http://localhost:9200', /^allowed$/],
    [['localhost:*'], 'http://LOCALHOST.:9200', /^allowed$/],
    [
      ['localhost:9200'],
      'http://127.0.0.1:9200',
      /^\[127\.0\.0\.1:9200\] not allowlisted in reindex\.remote\.allowlist$/,
    ],
    [['127.0.0.1:9200'], 'http://127.0.0.1:9200', /^allowed$/],
    [['127.0.0.1:9200'], 'http://2130706433:9200', /^allowed$/],
    [['[::1]:9200'], 'http://[::1]:9200', /^allowed$/],
    [['metadata.google.internal:80'], 'http://metadata.google.internal:80', /metadata service/],
    [['169.254.169.254:80'], 'http://169.254.169.254:80', /^allowed$/],
    [everything, 'http://mixed.example.com:9200', /metadata service/],
    [['mixed.example.com:9200'], 'http://mixed.example.com:9200', /metadata service/],
    [everything, 'http://mapped.example.com:9200', /loopback/],
    [everything, 'http://local.example.com:9200', /link-local/],
    [['local.example.com:9200'], 'http://local.example.com:9200', /link-local/],
    [everything, 'http://zero.example.com:9200', /unspecified/],
    [everything, 'http://[fe80::1%25eth0]:9200', /^\[\[?fe80::1%25eth0\]?:9200\] not allowlisted/],
    // As the servers: a port that nothing listens at is found out by connecting.
    [everything, 'http://es.example.com:0', /^allowed$/],
    [everything, 'http://es.example.com:65536', /not allowlisted/],
    [everything, 'http://user:secret@es.example.com:9200', /^\[\*\*\*@es\.example\.com:9200\] not allowlisted/],
    [everything, 'user:secret@es.example.com', /but was \[\*\*\*@es\.example\.com\]$/],
  ] as const) {
    assert.match(await verdict(list, host, { names }), expected, `[${list}] ${host}`)
  }
})

test('the zone segment of PrivateLink is explained', async () => {
  const plain = 'ep-bp1abc.epsrv-bp1def.cn-hangzhou.privatelink.aliyuncs.com'
  const zoned = plain.replace('.', '-cn-hangzhou-i.')
  assert.match(
    await verdict([`${plain}:9200`], `http://${zoned}:9200`, { local: () => elasticsearch }),
    /^\[ep-.*:9200\] not whitelisted in reindex\.remote\.whitelist: the list has .* without the zone segment -cn-hangzhou-i; ask for ep-bp1abc\.epsrv/,
  )
  assert.match(await verdict([`${zoned}:9200`], `http://${plain}:9200`), /take it out of the list/)
})

const endpoint = {
  url: 'https://vpc-old.us-east-1.es.amazonaws.com',
  scheme: 'https',
  address: '127.0.0.1',
  port: 40_001,
  tls: undefined,
  authentication: undefined,
  failure: () => undefined,
} as const

test('the name of a connection needs no entry, scheme or port; other hosts do', async () => {
  const endpoints = (host: string) => (host === 'vpc-old-cc-1.indexferry.internal' ? endpoint : undefined)
  for (const host of [
    'vpc-old-cc-1.indexferry.internal',
    'VPC-old-cc-1.indexferry.internal.',
    'https://vpc-old-cc-1.indexferry.internal',
    'https://vpc-old-cc-1.indexferry.internal:443',
    'http://vpc-old-cc-1.indexferry.internal:9200/prefix',
  ]) {
    assert.equal(await verdict([], host, { endpoints }), 'allowed', host)
  }
  for (const host of ['vpc-old-cc-2.indexferry.internal', 'https://es.example.com', 'es.example.com:9200']) {
    assert.equal(
      await verdict(['*:*'], host, { endpoints }),
      `[host] must be of the form [scheme]://[host]:[port](/[pathPrefix])? but was [${host}]`,
    )
  }
})

test('headers that cannot be sent', async () => {
  const list = ['es.example.com:9200']
  const of = (headers: Record<string, string>) => verdict(list, 'http://es.example.com:9200', {}, { headers })
  for (const name of [
    'Host',
    'connection',
    'Transfer-Encoding',
    'Content-Length',
    'Proxy-Authorization',
    'Upgrade',
    'TE',
    'Expect',
  ]) {
    assert.equal(await of({ [name]: 'x' }), `the header [${name}] cannot be sent to a remote`)
  }
  for (const headers of [{ 'a b': 'x' }, { a: 'x\r\nhost: y' }, { '': 'x' }, { a: '\u0000' }]) {
    assert.match(await of(headers), /has a name or value that HTTP does not allow/)
  }
  assert.equal(await of({ Authorization: 'ApiKey abc', 'X-Tenant': 'a', Accept: 'application/yaml' }), 'allowed')
})

test('a remote that never ends its answers, or packs them too well, is not listened to for long', async () => {
  const page = JSON.stringify({
    version: { number: '7.10.2', lucene_version: '8.7.0' },
    tagline: 'You Know, for Search',
  })
  const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, ' '))
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    if (request.url === '/bomb') response.setHeader('content-encoding', 'gzip').end(bomb)
    else if (request.url !== '/endless') response.end(page)
    else pipeline(endless, response, () => {})
  })
  const endless = async function* () {
    for (;;) yield Buffer.alloc(1024 * 1024, ' ')
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const host = `http://127.0.0.1:${port}`
    await using remote = await opener([`127.0.0.1:${port}`]).open(remoteHost(host))
    asked.length = 0
    for (const path of ['/endless', '/bomb']) {
      await assert.rejects(remote.json({ method: 'GET', path }), (error: unknown) => {
        assert.ok(isErrorOf(error, 'ANSWER_INVALID'), String(error))
        assert.match(error.message, /is larger than 67108864 bytes/)
        return true
      })
    }
    assert.deepEqual(asked, ['/endless', '/bomb'], 'nothing is asked twice')
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
