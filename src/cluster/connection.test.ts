import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redact } from '../foundation/errors.ts'
import { isNear, resolveConnection } from './connection.ts'

test('credentials in the URL become the authentication and are never printed', async () => {
  const connection = await resolveConnection('source', { nodes: ['https://ann:p%40ssw%3Ard@[::1]:9243/es/'] })
  assert.deepEqual(connection.authentication, { kind: 'basic', username: 'ann', password: 'p@ssw:rd' })
  assert.deepEqual(connection.nodes, [
    {
      origin: 'https://[::1]:9243',
      host: '::1',
      port: 9243,
      secure: true,
      prefix: '/es',
      name: 'https://[::1]:9243/es',
    },
  ])
  assert.equal(redact('sent p@ssw:rd'), 'sent ***')
})

test('a connection has its documented defaults', async () => {
  const { nodes: _, ...rest } = await resolveConnection('target', { nodes: ['http://127.0.0.1:9200'] })
  assert.deepEqual(rest, {
    authentication: { kind: 'none' },
    tls: { verify: true },
    connectTimeoutMs: 10_000,
    readTimeoutMs: 120_000,
    gzip: false,
    headers: {},
    connectionsMax: 16,
    answerBytesMax: 1024 ** 3,
    version: undefined,
    addresses: undefined,
    via: undefined,
    secrets: [],
  })
})

test('what is no base URL is refused', async () => {
  for (const url of ['ftp://host', 'host:9200', 'https://host?x=1', 'https://host/#x', '']) {
    await assert.rejects(
      resolveConnection('source', { nodes: [url] }),
      { code: 'LOCATION_INVALID', side: 'source' },
      url,
    )
  }
  await assert.rejects(resolveConnection('source', { nodes: [] }), { code: 'LOCATION_INVALID' })
})

test('compression is for addresses outside of the own network', async () => {
  for (const host of ['localhost', '127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '::1', 'fd00::1']) {
    assert.equal(await isNear(host), true, host)
  }
  for (const host of ['8.8.8.8', '172.32.0.1', '2001:db8::1']) assert.equal(await isNear(host), false, host)
  const { gzip } = await resolveConnection('source', { nodes: ['http://10.0.0.1', 'http://8.8.8.8'] })
  assert.equal(gzip, true)
  assert.equal((await resolveConnection('source', { nodes: ['http://8.8.8.8'], gzip: 'off' })).gzip, false)
})
