import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexferryError } from '../foundation/errors.ts'
import { proxyFor } from './store-proxy.ts'

const env = {
  HTTPS_PROXY: 'http://proxy:3128',
  http_proxy: 'plain:8080',
  NO_PROXY: 'minio.example.com, .internal:9000,*.corp',
}
const at = (origin: string, other: Readonly<Record<string, string>> = env) => proxyFor(origin, 'source', other)

test('a store is reached through the proxy of its scheme', () => {
  assert.equal(at('https://s3.eu-west-1.amazonaws.com'), 'http://proxy:3128/')
  assert.equal(at('http://s3.example.com'), 'http://plain:8080/')
  assert.equal(at('http://s3.example.com', { HTTPS_PROXY: 'http://proxy:3128' }), undefined)
})

test('what NO_PROXY names, and this machine, are reached straight', () => {
  for (const origin of [
    'https://minio.example.com',
    'https://b.minio.example.com',
    'https://a.internal:9000',
    'https://x.y.corp',
    'https://127.0.0.1:9000',
    'https://[::1]:9000',
    'https://bucket.localhost',
  ])
    assert.equal(at(origin), undefined, origin)
  assert.equal(at('https://a.internal'), 'http://proxy:3128/')
  assert.equal(at('https://notminio.example.com.org'), 'http://proxy:3128/')
  assert.equal(at('https://any', { ...env, no_proxy: '*' }), undefined)
})

test('a proxy that cannot be one is told', () => {
  assert.throws(
    () => at('https://any', { https_proxy: 'socks5://proxy' }),
    (error: unknown) => error instanceof IndexferryError && error.code === 'CONFIG_INVALID',
  )
})

test('a user or a password with a percent sign that stands for nothing is told, and not shown', () => {
  for (const credentials of ['me:50%-secret', '100%me:secret']) {
    assert.throws(
      () => at('https://any', { https_proxy: `http://${credentials}@proxy:3128` }),
      (error: unknown) => {
        assert.ok(error instanceof IndexferryError)
        assert.equal(error.code, 'CONFIG_INVALID')
        assert.doesNotMatch(JSON.stringify(error), /secret|100/)
        assert.equal(error.cause, undefined)
        return true
      },
    )
  }
  assert.equal(at('https://any', { https_proxy: 'http://me:50%25@proxy:3128' }), 'http://me:50%25@proxy:3128/')
})
