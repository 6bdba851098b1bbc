import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainNetworkError } from './network-errors.ts'

const node = {
  origin: 'https://new:9200',
  host: 'new',
  port: 9200,
  secure: true,
  prefix: '',
  name: 'https://new:9200',
}

const withCode = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`made with ${code}`), { code }, more)

const cases: readonly [string, string][] = [
  ['ENOTFOUND', 'HOST_UNKNOWN'],
  ['EAI_AGAIN', 'HOST_UNKNOWN'],
  ['ECONNREFUSED', 'CONNECTION_REFUSED'],
  ['EHOSTUNREACH', 'CONNECTION_REFUSED'],
  ['ECONNRESET', 'CONNECTION_LOST'],
  ['UND_ERR_CONNECT_TIMEOUT', 'CONNECTION_LOST'],
  ['UND_ERR_HEADERS_TIMEOUT', 'CONNECTION_LOST'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'CERTIFICATE_UNTRUSTED'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERTIFICATE_UNTRUSTED'],
  ['CERT_HAS_EXPIRED', 'CERTIFICATE_EXPIRED'],
  ['CERT_NOT_YET_VALID', 'CERTIFICATE_EXPIRED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'CERTIFICATE_NAME_WRONG'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'CERTIFICATE_REQUIRED'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', 'CERTIFICATE_REQUIRED'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'NOT_HTTP'],
  ['ANYTHING_ELSE', 'CONNECTION_LOST'],
]

for (const [code, expected] of cases) {
  test(`${code} is ${expected}`, () => assert.equal(explainNetworkError(withCode(code), node).code, expected))
}

test('the cause is found behind the errors around it', () => {
  const wrapped = new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')])
  assert.equal(explainNetworkError(wrapped, node).code, 'CONNECTION_REFUSED')
  const socket = withCode('UND_ERR_SOCKET', { cause: withCode('CERT_HAS_EXPIRED') })
  assert.equal(explainNetworkError(socket, node).code, 'CERTIFICATE_EXPIRED')
})

test('a wrong name says which names the certificate has', () => {
  const cert = { subjectaltname: 'DNS:old, IP Address:10.0.0.1' }
  const { cause } = explainNetworkError(withCode('ERR_TLS_CERT_ALTNAME_INVALID', { host: 'new', cert }), node)
  assert.equal(cause, 'the certificate is not for new but for DNS:old, IP:10.0.0.1')
})

test('the other scheme is proposed', () => {
  const { remedy } = explainNetworkError(withCode('ERR_SSL_WRONG_VERSION_NUMBER'), node)
  assert.equal(remedy, 'Try http://new:9200 and check the port.')
})
